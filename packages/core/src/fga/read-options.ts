import { Token } from '../credential/token.ts'
import { ConfigurationError } from '../errors/index.ts'
import { isLoopback, refuseUnknownKeys } from '../lib/index.ts'
import { type Clock, type Fetch, systemClock } from '../ports/index.ts'
import { isRelation } from './may.ts'
import type { Relations } from './question.ts'
import { nameBySubject, type UserOf } from './user-of.ts'
import type { Consistency } from './wire.ts'

/** Plain `http:` to OpenFGA beyond loopback, for networks that encrypt below HTTP. Nobody sets a symbol by accident. */
export const allowPlainHttp: unique symbol = Symbol.for('@behalf/core@1/allowPlainHttp') as never

/** How OpenFGA knows us. */
export interface OpenFgaCredentials {
  readonly method: 'apiToken'
  /** Sent as Bearer token. Never logged. */
  readonly token: string
}

export interface OpenFgaOptions {
  /** Where the API is, such as `https://fga.example.com`; a path is kept. */
  readonly apiUrl: string
  readonly storeId: string
  /** Which model answers. Never the latest by accident: a new model takes effect when this is raised. */
  readonly authorizationModelId: string
  /** What a policy's relation is called for the user, for the agent, and for the delegation between them. */
  readonly relations: Relations
  /** @default none */
  readonly credentials?: OpenFgaCredentials
  /** What a user is called. Required with more than one issuer or tenant. @default `user:` and the encoded `sub` */
  readonly userOf?: UserOf
  /** The one tenant whose users the default `userOf` names. @default users without tenant only */
  readonly tenant?: string
  /** How fresh answers must be. @default higher consistency for `write` calls, least latency for `read` */
  readonly consistency?: Consistency
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** Where `now` of conditions comes from. @default the system's clock */
  readonly clock?: Clock
  /** Everything from the question to the decision, retries included, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
  readonly [allowPlainHttp]?: true
}

/** The options, checked, with defaults. */
export interface OpenFgaSettings {
  readonly storeUrl: string
  readonly authorizationModelId: string
  readonly relations: Relations
  readonly token: Token | undefined
  readonly userOf: UserOf
  readonly consistency: Consistency | undefined
  readonly fetch: Fetch
  readonly clock: Clock
  readonly timeoutMs: number
}

const known = [
  'apiUrl',
  'storeId',
  'authorizationModelId',
  'relations',
  'credentials',
  'userOf',
  'tenant',
  'consistency',
  'fetch',
  'clock',
  'timeoutMs',
]

/** @throws ConfigurationError An option is missing or wrong. */
export function readOptions(options: OpenFgaOptions): OpenFgaSettings {
  refuseUnknownKeys('openFga', options, known)
  const { consistency, timeoutMs = 5_000, userOf, tenant } = options
  if (consistency !== undefined && consistency !== 'minimizeLatency' && consistency !== 'higherConsistency') {
    throw new ConfigurationError('openFga.consistency', "give 'minimizeLatency' or 'higherConsistency'")
  }
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) {
    throw new ConfigurationError('openFga.timeoutMs', 'give a positive number of milliseconds')
  }
  if (userOf !== undefined && tenant !== undefined) {
    throw new ConfigurationError('openFga.tenant', 'leave it out: userOf names the users already')
  }
  return {
    storeUrl: `${baseOf(options)}/stores/${ulid('storeId', options.storeId)}`,
    authorizationModelId: ulid('authorizationModelId', options.authorizationModelId),
    relations: relationsOf(options.relations),
    token: tokenOf(options.credentials),
    userOf: userOf ?? nameBySubject(tenant),
    consistency,
    // Looked up at each call, so that what wraps the global later is used too.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    clock: options.clock ?? systemClock,
    timeoutMs,
  }
}

function baseOf(options: OpenFgaOptions): string {
  const { apiUrl } = options
  const url = typeof apiUrl === 'string' && URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('openFga.apiUrl', 'give an absolute URL without query, fragment or credentials')
  }
  const plain = url.protocol === 'http:' && (isLoopback(url) || options[allowPlainHttp] === true)
  if (url.protocol !== 'https:' && !plain) {
    throw new ConfigurationError(
      'openFga.apiUrl',
      'use https: over plain http anybody on the way can allow anything; [allowPlainHttp]: true where the network encrypts',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

function ulid(option: 'storeId' | 'authorizationModelId', value: unknown): string {
  if (typeof value === 'string' && /^[0-9A-Z]{26}$/.test(value)) return value
  throw new ConfigurationError(`openFga.${option}`, 'give the ULID that OpenFGA made: 26 characters, 0-9 and A-Z')
}

function relationsOf(relations: Relations): Relations {
  if (typeof relations !== 'object' || relations === null || typeof relations.user !== 'function') {
    throw new ConfigurationError(
      'openFga.relations.user',
      "say what a relation is called for the user, such as (relation) => 'user_' + relation",
    )
  }
  refuseUnknownKeys('openFga.relations', relations, ['user', 'agent', 'delegation'])
  const { user, agent, delegation } = relations
  // One without the other would ask for less than F2 demands.
  if ((agent === undefined) !== (delegation === undefined)) {
    throw new ConfigurationError('openFga.relations', 'give agent and delegation together, or neither')
  }
  if (agent === undefined || delegation === undefined) return { user }
  if (typeof agent !== 'function') {
    throw new ConfigurationError(
      'openFga.relations.agent',
      "say what a relation is called for the agent, such as (relation) => 'agent_' + relation",
    )
  }
  if (!isRelation(delegation)) {
    throw new ConfigurationError(
      'openFga.relations.delegation',
      'name the relation between user and agent, such as acts_for',
    )
  }
  return { user, agent, delegation }
}

function tokenOf(credentials: OpenFgaCredentials | undefined): Token | undefined {
  if (credentials === undefined) return undefined
  refuseUnknownKeys('openFga.credentials', credentials, ['method', 'token'])
  if (credentials.method !== 'apiToken') {
    throw new ConfigurationError('openFga.credentials.method', "give 'apiToken'")
  }
  // RFC 6750 §2.1: what a Bearer token may hold.
  if (typeof credentials.token !== 'string' || !/^[A-Za-z0-9._~+/-]+=*$/.test(credentials.token)) {
    throw new ConfigurationError('openFga.credentials.token', 'give the API token as OpenFGA has it')
  }
  return new Token(credentials.token)
}
