import { type SealedStore, type SealedValue, sealedStore } from '@behalf/core/sealed-store'
import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState, StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client'
import type { McpSessionOptions, SessionSettings } from '../client-options.ts'
import { SignInError } from '../sign-in/sign-in-error.ts'
import { SignInLimit } from '../sign-in/sign-in-limit.ts'
import { changeValue } from './change-value.ts'
import { PendingSignIn, SignedOut, StoredClient, StoredKey, StoredTokens } from './wire.ts'

/** Shortest lease of a refresh or a registration, in seconds. After it, another process continues. */
const LEASE_SECONDS = 60
/** Maximum time to finish a sign-in after the callback, or a device login, in seconds. */
const SIGNED_OUT_SECONDS = 86_400
/** A registration that is refused because of its scopes is sent once more. */
const REQUESTS_IN_A_LEASE = 3

/** Tokens, with the scopes that their sign-in asked for, and the last sign-out before them. */
export type KeptTokens = StoredOAuthTokens & { readonly asked?: string; readonly signedOut?: string }

/** Returns the scopes of tokens. RFC 6749 §5.1: a response without scopes grants the requested ones. */
export function scopesOf({ asked = '', scope = asked }: Pick<KeptTokens, 'asked' | 'scope'>): readonly string[] {
  return scope.split(' ').filter(Boolean)
}

/** A sign-in that is not finished. */
export interface SignInUnderWay {
  readonly codeVerifier: string
  readonly discovery: OAuthDiscoveryState
  /** The redirect URI of the authorization request. */
  readonly redirectUri: string
  /** The requested scopes. */
  readonly asked?: string | undefined
  /** Value of `lastSignOut` when the browser came back. */
  readonly since?: string
}

/** The issuer where our client is registered, and its redirect URI. */
export interface RegisteredAt {
  readonly issuer: string
  readonly redirectUri: string
}

/**
 * Stored records of one owner's session of one agent with one server, and of our client for this server at each issuer.
 * All owners share the registrations, and nothing else. An agent is identified by its client's name, since users
 * consent to that name.
 */
export class SessionRecords {
  readonly #signIns: SignInLimit
  readonly #store: SealedStore
  readonly #owner: string
  readonly #server: string
  readonly #agent: string
  readonly #isBound: boolean
  /** Identifies what a registration is valid for: the server, the app's scopes, and the client's name. */
  readonly #terms: string
  readonly #signInSeconds: number
  readonly #leaseSeconds: number

  constructor(
    { store, keys, dpop = false, timeoutMs = 0, signInSeconds = 600 }: McpSessionOptions,
    { owner, server, client }: SessionSettings,
  ) {
    this.#store = sealedStore({ store, keys, kind: 'mcp' })
    this.#owner = owner
    this.#server = server.href
    this.#agent = client.name
    this.#isBound = dpop
    this.#signIns = new SignInLimit(this.#store, owner, this.#server)
    this.#terms = JSON.stringify([client.name, client.deviceLogin === true, [...(client.scopes ?? [])].sort()])
    this.#signInSeconds = signInSeconds
    this.#leaseSeconds = Math.max(LEASE_SECONDS, Math.ceil((REQUESTS_IN_A_LEASE * timeoutMs) / 1000))
  }

  /**
   * Returns the tokens of this owner for this server. Omits bearer tokens from before the app required bound tokens.
   */
  async tokens(): Promise<KeptTokens | undefined> {
    const found = await this.#read(this.#session('tokens'), StoredTokens)
    return found !== undefined && this.#isAsWanted(found) ? (found as KeptTokens) : undefined
  }

  /**
   * Replaces all tokens by those of a sign-in.
   *
   * @param since - Value of `lastSignOut` when the browser came back. Absent: it is not compared.
   * @throws SignInError `refused`: the user signed out in the meantime.
   * @throws InvalidResponseError The tokens are not bound to a key, and the app requires it.
   */
  async saveTokens(tokens: KeptTokens, since?: string): Promise<void> {
    this.#refuseUnbound(tokens)
    await changeValue(this.#store, this.#session('tokens'), (found) => {
      const signedOut = signOutOf(found)
      if (since === undefined || signedOut === since) return { ...tokens, signedOut }
      throw new SignInError('refused', 'the user signed out before the sign-in was finished')
    })
    await this.#signIns.gained(this.#agent, scopesOf(tokens))
  }

  /**
   * Replaces these tokens. If the store has other tokens by now, or none, it does not change.
   *
   * @param answer - Response to a refresh. RFC 6749 §6: a response without a refresh token or a scope keeps the old
   *   one.
   * @throws InvalidResponseError The tokens are not bound to a key, and the app requires it.
   */
  async replaceTokens(old: StoredOAuthTokens, answer: StoredOAuthTokens): Promise<void> {
    this.#refuseUnbound(answer)
    await changeValue(this.#store, this.#session('tokens'), (found) => {
      // Another request wrote in between: its tokens are newer and stay.
      if (found === undefined || !holds(found, old)) return
      const { refresh_token, scope, issuer, asked, signedOut } = found.value as KeptTokens
      // These fields replace those of the server's response.
      return { refresh_token, scope, ...answer, issuer, asked, signedOut }
    })
  }

  /** Deletes these tokens. Newer tokens stay. */
  dropTokens(only: StoredOAuthTokens): Promise<void> {
    const left = (found: SealedValue | undefined) =>
      found !== undefined && holds(found, only) ? { signedOut: signOutOf(found) } : undefined
    return changeValue(this.#store, this.#session('tokens'), left, SIGNED_OUT_SECONDS)
  }

  /** Deletes the tokens, and writes a mark in their place. A sign-in that is being finished finds the mark. */
  async signOut(): Promise<void> {
    const mark = { signedOut: crypto.randomUUID() }
    await changeValue(this.#store, this.#session('tokens'), () => mark, SIGNED_OUT_SECONDS)
    await this.#signIns.signedOut()
  }

  /** Returns an id of the last sign-out, also if the user has signed in since. Empty if it was long ago. */
  async lastSignOut(): Promise<string> {
    return signOutOf(await this.#store.get(this.#session('tokens')))
  }

  /** Returns our client at an issuer. A client whose secret has expired counts as absent. */
  async client(at: RegisteredAt, now: number): Promise<StoredOAuthClientInformation | undefined> {
    const found = await this.#read(this.#client(at), StoredClient)
    const end = found?.client_secret_expires_at ?? 0
    return end !== 0 && end <= now ? undefined : (found as StoredOAuthClientInformation | undefined)
  }

  saveClient(at: RegisteredAt, client: StoredOAuthClientInformation): Promise<void> {
    return changeValue(this.#store, this.#client(at), () => client)
  }

  /** Deletes this client at an issuer. A client that was registered since stays. */
  dropClient(at: RegisteredAt, clientId: string): Promise<void> {
    return this.#drop(this.#client(at), ({ value }) => StoredClient.safeParse(value).data?.client_id === clientId)
  }

  /** Stores a sign-in under its `state` until the browser comes back. @throws SignInError `too_many` */
  async begin(state: string, { codeVerifier, discovery, redirectUri, asked }: SignInUnderWay): Promise<void> {
    await this.#signIns.count()
    const ours = { owner: this.#owner, server: this.#server, agent: this.#agent }
    const value = { ...ours, codeVerifier, discovery, redirectUri, ...(asked !== undefined && { asked }) }
    await this.#store.put(['sign-in', state], value, { ifVersion: null, expiresInSeconds: this.#signInSeconds })
  }

  /**
   * Takes the sign-in of this `state`, once. Returns it only to the owner and the agent that began it at this server.
   */
  async take(state: string): Promise<SignInUnderWay | undefined> {
    const since = await this.lastSignOut()
    const found = await this.#store.get(['sign-in', state])
    const pending = PendingSignIn.safeParse(found?.value)
    if (found === undefined || !pending.success) return undefined
    const { owner, server, agent, codeVerifier, discovery, redirectUri, asked } = pending.data
    if (owner !== this.#owner || server !== this.#server || agent !== this.#agent) return undefined
    const taken = await this.#store.delete(['sign-in', state], { ifVersion: found.version })
    if (taken !== 'deleted') return undefined
    return { codeVerifier, discovery: discovery as OAuthDiscoveryState, redirectUri, asked, since }
  }

  /** Returns the private key to which the tokens are bound. The first key that was made stays. */
  async key(make: () => Promise<JsonWebKey>): Promise<JsonWebKey> {
    const name = this.#session('key')
    const found = await this.#read(name, StoredKey)
    if (found !== undefined) return found as JsonWebKey
    await this.#store.put(name, await make(), { ifVersion: null })
    return (await this.#read(name, StoredKey)) as JsonWebKey
  }

  /** Lets one refresh run at a time: a refresh token that rotates must be sent once. */
  refreshAlone<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#store.alone(this.#session('refresh'), { seconds: this.#leaseSeconds, signal }, work)
  }

  registerAlone<Result>(at: RegisteredAt, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#store.alone(this.#client(at), { seconds: this.#leaseSeconds, signal }, work)
  }

  /** Returns whether tokens are bound to our key, if the app requires that. */
  #isAsWanted({ token_type: type }: { readonly token_type: string }): boolean {
    return !this.#isBound || type.toLowerCase() === 'dpop'
  }

  #refuseUnbound(tokens: StoredOAuthTokens): void {
    if (this.#isAsWanted(tokens)) return
    throw new InvalidResponseError(
      'the authorization server gave a bearer token, and the session wants it bound (dpop)',
    )
  }

  #session(what: string): readonly string[] {
    return [what, this.#owner, this.#server, this.#agent]
  }

  #client({ issuer, redirectUri }: RegisteredAt): readonly string[] {
    return ['client', issuer, this.#server, redirectUri, this.#terms]
  }

  async #read<Output>(
    name: readonly string[],
    schema: { safeParse(value: unknown): { success: true; data: Output } | { success: false } },
  ): Promise<Output | undefined> {
    const parsed = schema.safeParse((await this.#store.get(name))?.value)
    return parsed.success ? parsed.data : undefined
  }

  async #drop(name: readonly string[], isMeant: (found: SealedValue) => boolean): Promise<void> {
    for (;;) {
      const found = await this.#store.get(name)
      if (found === undefined || !isMeant(found)) return
      if ((await this.#store.delete(name, { ifVersion: found.version })) === 'deleted') return
    }
  }
}

const signOutOf = (found: SealedValue | undefined): string => SignedOut.safeParse(found?.value).data?.signedOut ?? ''

function holds({ value }: SealedValue, { access_token: access, refresh_token: refresh }: StoredOAuthTokens): boolean {
  const { data } = StoredTokens.safeParse(value)
  return data?.access_token === access && data.refresh_token === refresh
}
