import type { Clock } from '@behalf/core'
import {
  type AuthorizationModel,
  type CheckQuestion,
  createEngine,
  createHandler,
  type Explanation,
  memoryTuples,
  type Tuple,
} from '@behalf/fga-engine'
import type { HttpHandler } from 'msw'
import { machineClock } from '../clock.ts'
import type { Fault } from '../http/faults.ts'
import { createFrontDoor, mount, type Route } from '../http/front-door.ts'
import type { Received } from '../http/received.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import { refuseUnknownKeys } from '../testing-error.ts'
import { tradingModel } from './trading-model.ts'

/** An endpoint of the mocked OpenFGA server, by name. */
export type OpenFgaEndpoint =
  | 'check'
  | 'batch-check'
  | 'list-objects'
  | 'streamed-list-objects'
  | 'list-users'
  | 'read'
  | 'write'
  | 'authorization-models'

/** Options of {@link createMockOpenFga}. */
export interface MockOpenFgaOptions {
  /** Base address of the API, without `/stores`. @default 'https://fga.behalf.example' */
  readonly apiUrl?: string
  /** Id of the store, a ULID. @default a fixed one */
  readonly storeId?: string
  /** Id of the model, a ULID. @default a fixed one */
  readonly authorizationModelId?: string
  /** Model in OpenFGA's JSON. @default the trading model */
  readonly model?: AuthorizationModel
  /** Checked on every request. @default 'fga-api-token' */
  readonly apiToken?: string
  /** The tuples at the start and after a reset. They are not checked against the model. @default [] */
  readonly tuples?: readonly FgaTuple[]
  /**
   * Time of the server, for timestamps of tuples and the log.
   * @default the machine's clock, which fake timers replace
   */
  readonly clock?: Clock
}

/** Controls by which a test changes the permission server. Async, so that the same test drives a real one over HTTP. */
export interface OpenFgaControls {
  /** Adds tuples; an existing one is replaced, with its condition. */
  write(...tuples: readonly FgaTuple[]): Promise<void>
  /** Removes tuples; conditions do not count. */
  remove(...tuples: readonly FgaTuple[]): Promise<void>
  /** Returns every tuple, in the order of writing. */
  tuples(): Promise<readonly FgaTuple[]>
  /** Lets something go wrong at an endpoint. @throws TestingError The endpoint or the fault is unknown. */
  fault(endpoint: OpenFgaEndpoint, fault: Fault): Promise<void>
  /** Requests to the server in order, without secrets. At most the last 5,000. */
  requests(): Promise<readonly LoggedRequest[]>
  /** Restores the initial tuples. Removes faults and the log. */
  reset(): Promise<void>
}

/** A mocked OpenFGA server. */
export interface MockOpenFga {
  /** Base address of the API, without `/stores`. */
  readonly apiUrl: string
  /** Id of the only store: a ULID. */
  readonly storeId: string
  /** Id of the only model: a ULID. */
  readonly authorizationModelId: string
  /** The model in OpenFGA's JSON, with its id. */
  readonly model: AuthorizationModel
  /** Bearer token that every request must have. */
  readonly apiToken: string
  /** Handlers for `setupServer` of `msw/node`. */
  readonly handlers: readonly HttpHandler[]
  /** Tuples, faults and log, for tests. */
  readonly controls: OpenFgaControls
  /** Explains the answer of a check, with the values of conditions. Asks no endpoint: no fault and no log is involved. */
  explain(question: CheckQuestion): Promise<Explanation>
  /** Handles a request without msw. @returns `undefined` for a path that is not one of its endpoints */
  handle(request: Request): Promise<Response | undefined>
}

/**
 * Makes an OpenFGA server with one store and one model, by default the trading model of the stock agent.
 *
 * `@behalf/fga-engine` answers, with OpenFGA's limits and errors; it reports missing endpoints. Accepts consistency
 * modes, which have no effect.
 *
 * @throws {@link TestingError} An unknown option key.
 */
export function createMockOpenFga(options: MockOpenFgaOptions = {}): MockOpenFga {
  const known = ['apiUrl', 'storeId', 'authorizationModelId', 'model', 'apiToken', 'tuples', 'clock']
  refuseUnknownKeys('createMockOpenFga', options, known)
  const apiUrl = options.apiUrl ?? 'https://fga.behalf.example'
  const storeId = options.storeId ?? '01JDG8ZCQ4T0STDCK70KT0RE01'
  const apiToken = options.apiToken ?? 'fga-api-token'
  const clock = options.clock ?? machineClock
  const tuples = memoryTuples(options.tuples, { now: () => clock.now() })
  const id = options.authorizationModelId ?? options.model?.id ?? '01JDG8ZCQ4T0STDCK7M0DE1001'
  const engine = createEngine({ model: { ...(options.model ?? tradingModel), id }, tuples, explainValues: true })
  const { origin, pathname: basePath } = new URL(apiUrl)
  const answer = createHandler({ engine, storeId, apiToken, basePath })
  const door = createFrontDoor(
    routes(basePath, (received) => answer(requestOf(received))),
    clock,
  )
  return {
    apiUrl,
    storeId,
    apiToken,
    authorizationModelId: engine.authorizationModelId,
    model: engine.model,
    handlers: [mount(origin, door.handle)],
    handle: door.handle,
    explain: engine.explain,
    controls: {
      write: async (...written) => tuples.put(...written),
      remove: async (...removed) => tuples.drop(...removed),
      tuples: async () => tuples.all(),
      fault: async (endpoint, fault) => door.faults.add(endpoint, fault),
      requests: async () => door.log.entries(),
      async reset() {
        tuples.clear()
        tuples.put(...(options.tuples ?? []))
        door.log.clear()
        door.faults.clear()
      },
    },
  }
}

const METHODS = {
  check: 'POST',
  'batch-check': 'POST',
  'list-objects': 'POST',
  'streamed-list-objects': 'POST',
  'list-users': 'POST',
  read: 'POST',
  write: 'POST',
  'authorization-models': 'GET',
} as const satisfies Record<OpenFgaEndpoint, 'GET' | 'POST'>

function routes(basePath: string, respond: (received: Received) => Promise<Response>): readonly Route[] {
  const base = basePath.replace(/\/$/, '')
  return Object.entries(METHODS).map(([endpoint, method]) => ({
    endpoint,
    method,
    path: new RegExp(`^${base}/stores/[^/]+/${endpoint}${method === 'GET' ? '(?:/[^/]+)?' : ''}$`),
    respond,
  }))
}

const requestOf = ({ url, method, headers, body }: Received): Request =>
  new Request(url, { method, headers, ...(method === 'POST' && { body }) })

/** A relationship: `user` has `relation` to `object`, perhaps under a condition. */
export type FgaTuple = Tuple
