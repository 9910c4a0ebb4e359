import type { Identity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { type Clock, type Fetch, systemClock } from '../../base/ports.ts'
import { checkValues, having, isLoopback, kinds, namesOf, oneOf, refuseUnknownKeys } from '../../base/values/index.ts'
import type { Explainer, RelationshipTuple } from './access-checker.ts'
import type { Backend } from './backend.ts'
import { clientBackend, type OpenFgaClientLike } from './client-backend.ts'
import { httpBackend, type StoreConnection } from './http-backend.ts'
import { isRelation } from './may.ts'
import { nameBySubject, type UserOf } from './object.ts'
import type { Relations } from './question.ts'
import { type OpenFgaCredentials, tokenSource } from './token-source.ts'
import type { Consistency } from './wire.ts'

/** Allows plain `http:` beyond loopback, for networks that encrypt below HTTP. A symbol is not set by accident. */
export const allowPlainHttp: unique symbol = Symbol.for('@behalf/core@1/allowPlainHttp') as never

/** Address of OpenFGA, and the means to reach it. */
export interface StoreOptions {
  /** Address of the API, such as `https://fga.example.com`. Its path is kept. */
  readonly apiUrl: string
  /** Id of the OpenFGA store. */
  readonly storeId: string
  /**
   * Id of the model that answers. It is never the latest by accident: a new model takes effect when you change this id.
   */
  readonly authorizationModelId: string
  /** @default none */
  readonly credentials?: OpenFgaCredentials
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** Source of the time. @default the system's clock */
  readonly clock?: Clock
  /** Everything from the question to the answer, retries included, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
  /** Allows plain http to any host, for a network that encrypts traffic itself. */
  readonly [allowPlainHttp]?: true
}

export const storeKeys = namesOf<StoreOptions>(
  'apiUrl',
  'storeId',
  'authorizationModelId',
  'credentials',
  'fetch',
  'clock',
  'timeoutMs',
)

/** @throws ConfigurationError An option is missing or wrong. */
export function readStoreOptions(options: StoreOptions): StoreConnection {
  // Read at each call, so that a wrapper that replaces the global later is also used.
  const { fetch = (input, init) => globalThis.fetch(input, init), clock = systemClock } = options
  return {
    storeUrl: `${baseOf(options)}/stores/${ulid('storeId', options.storeId)}`,
    authorizationModelId: ulid('authorizationModelId', options.authorizationModelId),
    tokens: tokenSource(options.credentials, { fetch, clock, timeoutMs: readTimeout(options.timeoutMs) }),
    fetch,
    clock,
  }
}

/** Milliseconds. */
export function readTimeout(timeoutMs = 5_000): number {
  checkValues('openFga.', { timeoutMs }, { timeoutMs: kinds.timeoutMs })
  return timeoutMs
}

function baseOf(options: StoreOptions): string {
  const { apiUrl } = options
  const url = typeof apiUrl === 'string' && URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('openFga.apiUrl', 'give an absolute URL without query, fragment or credentials')
  }
  const plain = url.protocol === 'http:' && (isLoopback(url) || options[allowPlainHttp] === true)
  if (url.protocol !== 'https:' && !plain) {
    throw new ConfigurationError(
      'openFga.apiUrl',
      'use https: over plain http a third party can allow anything; [allowPlainHttp]: true where the network encrypts',
    )
  }
  return `${url.origin}${url.pathname.replace(/(?<!\/)\/+$/, '')}`
}

function ulid(option: 'storeId' | 'authorizationModelId', value: unknown): string {
  if (typeof value === 'string' && /^[0-9A-Z]{26}$/.test(value)) return value
  throw new ConfigurationError(`openFga.${option}`, 'give the ULID that OpenFGA made: 26 characters, 0-9 and A-Z')
}

interface CheckerOptions {
  /**
   * Names in your model of a policy's relation: for the user, for the agent, and for the delegation between them.
   *
   * @default `user_<relation>`, `agent_<relation>` and `acts_for`
   */
  readonly relations?: Relations
  /**
   * Returns the name of a user. Required with more than one issuer or tenant.
   * @default `user:` and the encoded `sub`
   */
  readonly userOf?: UserOf
  /** The one tenant whose users the default `userOf` names. @default users without tenant only */
  readonly tenant?: string
  /** Required freshness of answers. @default higher consistency for `write` calls, least latency for `read` */
  readonly consistency?: Consistency
  /**
   * Returns facts of this call that are in no tuple, such as the groups of a verified token; at most 100. It gets the
   * identity and never an input, so that no text of a model becomes a tuple.
   */
  readonly contextualTuples?: (identity: Identity) => readonly RelationshipTuple[]
  /**
   * Time that an answer of a `read` call may be reused, in seconds. A right that was removed, or that ended, lasts as
   * long.
   * @default answers are not kept
   */
  readonly cacheSeconds?: number
  /**
   * Explains answers for traces: the engine of `@behalf/fga-engine` over the same tuples. Its answer decides nothing.
   */
  readonly explainer?: Explainer
}

/** Options with the app's own client of OpenFGA, in place of an address. */
export interface OwnClientOptions
  extends CheckerOptions,
    Pick<StoreOptions, 'authorizationModelId' | 'clock' | 'timeoutMs'> {
  /** An `OpenFgaClient` of `@openfga/sdk`, made with `baseOptions: { maxRedirects: 0 }`. */
  readonly client: OpenFgaClientLike
}

/** Options of `openFga` if it sends the requests itself. */
export interface HttpOptions extends CheckerOptions, StoreOptions {
  /** Excluded: an own client takes other options. */
  readonly client?: never
}

/** Options of `openFga`. */
export type OpenFgaOptions = HttpOptions | OwnClientOptions

/** The options, checked, with defaults. */
export interface OpenFgaSettings {
  readonly backend: Backend
  readonly relations: Relations
  readonly userOf: UserOf
  readonly consistency: Consistency | undefined
  readonly contextualTuples: (identity: Identity) => readonly RelationshipTuple[]
  readonly cacheSeconds: number
  readonly explainer: Explainer | undefined
  readonly clock: Clock
  readonly timeoutMs: number
}

const checkerKeys = namesOf<CheckerOptions>(
  'relations',
  'userOf',
  'tenant',
  'consistency',
  'contextualTuples',
  'cacheSeconds',
  'explainer',
)
const ownClientKeys = ['client', 'authorizationModelId', 'clock', 'timeoutMs']

/** @throws ConfigurationError An option is missing or wrong. */
export function readOptions(options: OpenFgaOptions): OpenFgaSettings {
  const isOwn = options.client !== undefined
  refuseUnknownKeys('openFga', options, [...(isOwn ? ownClientKeys : [...storeKeys, 'client']), ...checkerKeys])
  const { consistency, userOf, tenant, contextualTuples = () => [], cacheSeconds = 0, explainer } = options
  checkValues('openFga.', options, {
    consistency: oneOf('minimizeLatency', 'higherConsistency'),
    contextualTuples: kinds.function,
    explainer: having('something with explain(question), such as an engine', 'explain'),
  })
  if (userOf !== undefined && tenant !== undefined) {
    throw new ConfigurationError('openFga.tenant', 'leave it out: userOf names the users already')
  }
  if (!Number.isFinite(cacheSeconds) || cacheSeconds < 0) {
    throw new ConfigurationError('openFga.cacheSeconds', 'give a number of seconds, or leave it out')
  }
  return {
    backend: backendOf(options),
    relations: relationsOf(options.relations),
    userOf: userOf ?? nameBySubject(tenant),
    consistency,
    contextualTuples,
    cacheSeconds,
    explainer,
    clock: options.clock ?? systemClock,
    timeoutMs: readTimeout(options.timeoutMs),
  }
}

function backendOf(options: OpenFgaOptions): Backend {
  if (options.client === undefined) return httpBackend(readStoreOptions(options))
  return clientBackend(options.client, ulid('authorizationModelId', options.authorizationModelId))
}

const BY_PREFIX: Relations = {
  user: (name) => `user_${name}`,
  agent: (name) => `agent_${name}`,
  delegation: 'acts_for',
}

function relationsOf(relations = BY_PREFIX): Relations {
  if (typeof relations !== 'object' || relations === null || typeof relations.user !== 'function') {
    throw new ConfigurationError(
      'openFga.relations.user',
      "say what a relation is called for the user, such as (relation) => 'user_' + relation",
    )
  }
  refuseUnknownKeys('openFga.relations', relations, ['user', 'agent', 'delegation'])
  const { user, agent, delegation } = relations
  // One without the other would ask fewer questions than F2 requires.
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
