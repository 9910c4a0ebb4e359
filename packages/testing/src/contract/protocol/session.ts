import { type Clock, type Identity, type Profile, type UserIdentity, verifyAccessToken } from '@behalf/core'
import {
  type AuthorizationServer,
  type AuthorizationServers,
  authorizationServers,
  connectAuthorizationServer,
  systemClock,
} from '@behalf/core/spi'
import { type LoginOptions, type LoginTokens, login, signIn } from '../../target/login.ts'
import { type ProfileChanges, profileOf } from '../../target/profile-of.ts'
import type { Capability, ProtocolTarget, TargetClient } from '../../target/protocol-target.ts'
import { form, type Raw, type RawParameters, send } from './raw.ts'

/** Endpoints of the app's issuer, by their names in the metadata. */
export type Metadata = Readonly<Record<string, unknown>>

type LoginAs = Omit<LoginOptions, 'user' | 'clock'>

/**
 * A scenario's access to its target: core's client code for core's functions, raw requests for requests that core would
 * never send.
 */
export class Session {
  readonly target: ProtocolTarget
  readonly clock: Clock
  readonly wait: (seconds: number) => Promise<void>
  readonly #profiles = new Map<string, Profile>()

  constructor({ target, clock = systemClock, wait = pass }: ProtocolUnderTest) {
    this.target = target
    this.clock = clock
    this.wait = wait
  }

  get controls(): ProtocolTarget['authorizationServer']['controls'] {
    return this.target.authorizationServer.controls
  }

  get agent(): TargetClient {
    return this.target.clients.agent
  }

  get issuer(): string {
    return this.target.authorizationServer.issuer
  }

  /** Returns one profile for each client: core keeps discovery and keys by it. */
  profile(client: TargetClient = this.agent, changes?: ProfileChanges): Profile {
    if (changes !== undefined) return profileOf(this.target, client, changes)
    const known = this.#profiles.get(client.clientId) ?? profileOf(this.target, client)
    this.#profiles.set(client.clientId, known)
    return known
  }

  /** Core's own connection. */
  server(client?: TargetClient, changes?: ProfileChanges): AuthorizationServer {
    return this.connect(this.profile(client, changes))
  }

  connect(profile: Profile, timeoutMs = 60_000): AuthorizationServer {
    return connectAuthorizationServer(profile, { fetch, clock: this.clock, timeoutMs })
  }

  servers(profile: Profile = this.profile()): AuthorizationServers {
    return authorizationServers(profile, { fetch, clock: this.clock, timeoutMs: 60_000 })
  }

  login(user = this.target.users.ann.subject, options: LoginAs = {}): Promise<LoginTokens> {
    const profile = options.profile ?? this.profile(options.client)
    return login(this.target, { ...options, user, profile, clock: this.clock })
  }

  signIn(user = this.target.users.ann.subject, options: LoginAs = {}): Promise<UserIdentity> {
    return signIn(this.target, { profile: this.profile(options.client), ...options, user, clock: this.clock })
  }

  verify(token: string, audience: string, profile = this.profile()): Promise<Identity> {
    return verifyAccessToken(token, { authorizationServer: profile, audience, clock: this.clock })
  }

  async metadata(): Promise<Metadata> {
    const response = await fetch(`${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    return (await response.json()) as Metadata
  }

  async endpoint(name: string): Promise<string> {
    return String((await this.metadata())[name])
  }

  /** Sends a form post with client authentication, unchanged. */
  async post(
    endpoint: string,
    parameters: RawParameters,
    {
      client = this.agent,
      headers = {},
    }: { readonly client?: TargetClient; readonly headers?: Record<string, string> } = {},
  ): Promise<Raw> {
    return send(await this.endpoint(endpoint), form(parameters, client, headers))
  }

  /** Sends a token request, unchanged. */
  token(
    parameters: RawParameters,
    options: { readonly client?: TargetClient; readonly headers?: Record<string, string> } = {},
  ): Promise<Raw> {
    return this.post('token_endpoint', parameters, options)
  }
}

async function pass(seconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}

/** One requirement on the exchange between a server and a client. */
export interface Scenario {
  readonly title: string
  /** Required capabilities of a target. @default none besides discovery, code flow and refresh */
  readonly needs?: readonly Capability[]
  readonly run: (session: Session) => Promise<void>
}

/** A target, and how its time passes. */
export interface ProtocolUnderTest {
  /** Servers in their initial state: accounts are linked, and no user is signed in. */
  readonly target: ProtocolTarget
  /** The target's clock, if a test moves it. @default the system's clock */
  readonly clock?: Clock
  /** Lets seconds pass for server and client. @default waits in real time */
  readonly wait?: (seconds: number) => Promise<void>
}
