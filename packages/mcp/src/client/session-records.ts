import { type SealedStore, type SealedValue, sealedStore } from '@behalf/core/sealed-store'
import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState, StoredOAuthClientInformation, StoredOAuthTokens } from '@modelcontextprotocol/client'
import { changeValue } from './change-value.ts'
import type { McpSessionOptions, SessionSettings } from './client-options.ts'
import { SignInError } from './sign-in-error.ts'
import { SignInLimit } from './sign-in-limit.ts'
import { PendingSignIn, SignedOut, StoredClient, StoredKey, StoredTokens } from './wire.ts'

/** Shortest lease of a refresh or a registration; after it, another process goes on. Seconds. */
const LEASE_SECONDS = 60
/** No sign-in takes longer to be finished once it came back, nor does a device login. */
const SIGNED_OUT_SECONDS = 86_400
/** A registration that is refused for its scopes is sent once more. */
const REQUESTS_IN_A_LEASE = 3

/** Tokens, with the scopes that their sign-in asked for, and the last sign-out before it. */
export type KeptTokens = StoredOAuthTokens & { readonly asked?: string; readonly signedOut?: string }

/** The scopes of tokens. RFC 6749 §5.1: an answer without scopes grants what was asked for. */
export function scopesOf({ asked = '', scope = asked }: Pick<KeptTokens, 'asked' | 'scope'>): readonly string[] {
  return scope.split(' ').filter(Boolean)
}

/** A sign-in under way. */
export interface SignInUnderWay {
  readonly codeVerifier: string
  readonly discovery: OAuthDiscoveryState
  /** The redirect URI that the browser was sent with. */
  readonly redirectUri: string
  /** The scopes that it asks for. */
  readonly asked?: string | undefined
  /** `lastSignOut` when it came back. */
  readonly since?: string
}

/** Where our client is registered, and for which redirect URI. */
export interface RegisteredAt {
  readonly issuer: string
  readonly redirectUri: string
}

/**
 * What is kept of one owner's session of one agent with one server, and of our client for this server at each issuer.
 * Registrations are shared by all owners; nothing else is. An agent is its client's name: users consent to it by that.
 */
export class SessionRecords {
  readonly #signIns: SignInLimit
  readonly #store: SealedStore
  readonly #owner: string
  readonly #server: string
  readonly #agent: string
  readonly #isBound: boolean
  /** What a registration is good for: another server's scopes, more of the app's, or another name are not in it. */
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

  /** The tokens of this owner for this server. Bearer tokens from before the app wanted bound tokens are not returned. */
  async tokens(): Promise<KeptTokens | undefined> {
    const found = await this.#read(this.#session('tokens'), StoredTokens)
    return found !== undefined && this.#isAsWanted(found) ? (found as KeptTokens) : undefined
  }

  /**
   * Puts the tokens of a sign-in in place of all others.
   *
   * @param since - `lastSignOut` when the sign-in came back. Absent: it is not compared.
   * @throws SignInError `refused`: the user signed out in the meantime.
   * @throws InvalidResponseError They are not bound, and the app wants them bound.
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
   * Replaces these tokens. If the store has other tokens by now, or no tokens, it is left as it is.
   *
   * @param answer - Of a refresh. RFC 6749 §6: without a new refresh token the old one stays, and without a scope the old
   *   one holds.
   * @throws InvalidResponseError They are not bound, and the app wants them bound.
   */
  async replaceTokens(old: StoredOAuthTokens, answer: StoredOAuthTokens): Promise<void> {
    this.#refuseUnbound(answer)
    await changeValue(this.#store, this.#session('tokens'), (found) => {
      // Another request that wrote in between has the newer tokens, and wins.
      if (found === undefined || !holds(found, old)) return
      const { refresh_token, scope, issuer, asked, signedOut } = found.value as KeptTokens
      // Whatever else the server's answer says of them.
      return { refresh_token, scope, ...answer, issuer, asked, signedOut }
    })
  }

  /** Forgets these tokens: others that came since stay. */
  dropTokens(only: StoredOAuthTokens): Promise<void> {
    const left = (found: SealedValue | undefined) =>
      found !== undefined && holds(found, only) ? { signedOut: signOutOf(found) } : undefined
    return changeValue(this.#store, this.#session('tokens'), left, SIGNED_OUT_SECONDS)
  }

  /** Forgets the tokens. A mark takes their place, by which a sign-in that is being finished notices it. */
  async signOut(): Promise<void> {
    const mark = { signedOut: crypto.randomUUID() }
    await changeValue(this.#store, this.#session('tokens'), () => mark, SIGNED_OUT_SECONDS)
    await this.#signIns.signedOut()
  }

  /** Which sign-out was the last one, also where the user has signed in since; empty where it was long ago. */
  async lastSignOut(): Promise<string> {
    return signOutOf(await this.#store.get(this.#session('tokens')))
  }

  /** Our client at an issuer. A secret that has run out is no registration. */
  async client(at: RegisteredAt, now: number): Promise<StoredOAuthClientInformation | undefined> {
    const found = await this.#read(this.#client(at), StoredClient)
    const end = found?.client_secret_expires_at ?? 0
    return end !== 0 && end <= now ? undefined : (found as StoredOAuthClientInformation | undefined)
  }

  saveClient(at: RegisteredAt, client: StoredOAuthClientInformation): Promise<void> {
    return changeValue(this.#store, this.#client(at), () => client)
  }

  /** Forgets this client at an issuer, and none that was registered since. */
  dropClient(at: RegisteredAt, clientId: string): Promise<void> {
    return this.#drop(this.#client(at), ({ value }) => StoredClient.safeParse(value).data?.client_id === clientId)
  }

  /** Keeps a sign-in until the browser comes back, under its `state`. @throws SignInError `too_many` */
  async begin(state: string, { codeVerifier, discovery, redirectUri, asked }: SignInUnderWay): Promise<void> {
    await this.#signIns.count()
    const ours = { owner: this.#owner, server: this.#server, agent: this.#agent }
    const value = { ...ours, codeVerifier, discovery, redirectUri, ...(asked !== undefined && { asked }) }
    await this.#store.put(['sign-in', state], value, { ifVersion: null, expiresInSeconds: this.#signInSeconds })
  }

  /** The sign-in of this `state`, once, and only for the owner and the agent that began it at this server. */
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

  /** The private key that the tokens are bound to. The first one that was made stays. */
  async key(make: () => Promise<JsonWebKey>): Promise<JsonWebKey> {
    const name = this.#session('key')
    const found = await this.#read(name, StoredKey)
    if (found !== undefined) return found as JsonWebKey
    await this.#store.put(name, await make(), { ifVersion: null })
    return (await this.#read(name, StoredKey)) as JsonWebKey
  }

  /** Refreshes alone: a refresh token that rotates must be sent once. */
  refreshAlone<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#store.alone(this.#session('refresh'), { seconds: this.#leaseSeconds, signal }, work)
  }

  registerAlone<Result>(at: RegisteredAt, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#store.alone(this.#client(at), { seconds: this.#leaseSeconds, signal }, work)
  }

  /** Whether the authorization server bound them to our key, where the app wants that. */
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
