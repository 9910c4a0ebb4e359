import type { Clock } from '@behalf/core'
import type { HttpHandler } from 'msw'
import { machineClock } from '../clock.ts'
import type { Fault } from '../http/faults.ts'
import { createFrontDoor, mount, type Route } from '../http/front-door.ts'
import type { Received } from '../http/received.ts'
import type { LoggedRequest } from '../http/request-log.ts'
import { refuseUnknownKeys } from '../testing-error.ts'
import { batchCheck, check, type FgaStore, listObjects, readTuples, writeTuples } from './answers.ts'
import { FgaRefusal } from './fga-refusal.ts'
import { tradingModel } from './trading-model.ts'
import { type FgaTuple, tupleKey } from './tuple.ts'

/** An endpoint of the mocked OpenFGA server, by name. */
export type OpenFgaEndpoint = 'check' | 'batch-check' | 'list-objects' | 'read' | 'write'

export interface MockOpenFgaOptions {
  /** @default 'https://fga.behalf.example' */
  readonly apiUrl?: string
  /** A ULID. @default a fixed one */
  readonly storeId?: string
  /** A ULID. @default a fixed one */
  readonly authorizationModelId?: string
  /** Checked on every request. @default 'fga-api-token' */
  readonly apiToken?: string
  readonly tuples?: readonly FgaTuple[]
  /** @default the machine's clock, which fake timers replace */
  readonly clock?: Clock
}

/** What a test can do to the permission server. Async, so that the same test drives a real one over HTTP. */
export interface OpenFgaControls {
  /** Adds tuples; one that is there already is replaced, its condition included. */
  write(...tuples: readonly FgaTuple[]): Promise<void>
  /** Removes tuples; conditions do not count. */
  remove(...tuples: readonly FgaTuple[]): Promise<void>
  tuples(): Promise<readonly FgaTuple[]>
  fault(endpoint: OpenFgaEndpoint, fault: Fault): Promise<void>
  requests(): Promise<readonly LoggedRequest[]>
  /** The tuples of the beginning; no faults, an empty log. */
  reset(): Promise<void>
}

/** A mocked OpenFGA server on the trading model. */
export interface MockOpenFga {
  readonly apiUrl: string
  readonly storeId: string
  readonly authorizationModelId: string
  readonly apiToken: string
  /** For `setupServer` of `msw/node`. */
  readonly handlers: readonly HttpHandler[]
  readonly controls: OpenFgaControls
  /** The server without msw. @returns `undefined` for a path that is not one of its endpoints */
  handle(request: Request): Promise<Response | undefined>
}

/**
 * Makes an OpenFGA server with one store and one model, the trading model of the stock agent.
 *
 * Answers check, batch-check, list-objects, read and write, with OpenFGA's limits and errors. It decides by a
 * small evaluator, not by OpenFGA's: enough for direct relations, groups, roles, conditions and suspension.
 * Consistency modes are taken and change nothing.
 *
 * @throws {@link TestingError} An unknown option key.
 */
export function createMockOpenFga(options: MockOpenFgaOptions = {}): MockOpenFga {
  const known = ['apiUrl', 'storeId', 'authorizationModelId', 'apiToken', 'tuples', 'clock']
  refuseUnknownKeys('createMockOpenFga', options, known)
  const apiUrl = options.apiUrl ?? 'https://fga.behalf.example'
  const storeId = options.storeId ?? '01JDG8ZCQ4T0STDCK70KT0RE01'
  const apiToken = options.apiToken ?? 'fga-api-token'
  const store: FgaStore = {
    model: tradingModel,
    authorizationModelId: options.authorizationModelId ?? '01JDG8ZCQ4T0STDCK7M0DE1001',
    tuples: [...(options.tuples ?? [])],
  }
  const door = createFrontDoor(routes(apiUrl, storeId, apiToken, store), options.clock ?? machineClock)
  return {
    apiUrl,
    storeId,
    apiToken,
    authorizationModelId: store.authorizationModelId,
    handlers: [mount(new URL(apiUrl).origin, door.handle)],
    handle: door.handle,
    controls: {
      async write(...tuples) {
        const keys = new Set(tuples.map(tupleKey))
        store.tuples = [...store.tuples.filter((tuple) => !keys.has(tupleKey(tuple))), ...tuples]
      },
      async remove(...tuples) {
        const keys = new Set(tuples.map(tupleKey))
        store.tuples = store.tuples.filter((tuple) => !keys.has(tupleKey(tuple)))
      },
      tuples: async () => [...store.tuples],
      fault: async (endpoint, fault) => door.faults.add(endpoint, fault),
      requests: async () => door.log.entries(),
      async reset() {
        store.tuples = [...(options.tuples ?? [])]
        door.log.clear()
        door.faults.clear()
      },
    },
  }
}

const ANSWERS = {
  check,
  'batch-check': batchCheck,
  'list-objects': listObjects,
  read: readTuples,
  write: writeTuples,
} as const satisfies Record<OpenFgaEndpoint, (store: FgaStore, body: unknown) => unknown>

function routes(apiUrl: string, storeId: string, apiToken: string, store: FgaStore): readonly Route[] {
  const base = new URL(apiUrl).pathname.replace(/\/$/, '')
  return Object.entries(ANSWERS).map(([endpoint, respond]) => ({
    endpoint,
    method: 'POST',
    path: new RegExp(`^${base}/stores/([^/]+)/${endpoint}$`),
    respond: (received, [asked]) => {
      try {
        requireToken(received, apiToken)
        if (asked !== storeId) throw new FgaRefusal('store_id_not_found', 'Store ID not found', 404)
        return Promise.resolve(ok(respond(store, jsonBody(received)), store))
      } catch (error) {
        if (error instanceof FgaRefusal) return Promise.resolve(error.toResponse())
        return Promise.reject(error)
      }
    },
  }))
}

function requireToken({ headers }: Received, apiToken: string): void {
  const authorization = headers.get('authorization')
  if (authorization === null) throw new FgaRefusal('bearer_token_missing', 'missing bearer token', 401)
  if (authorization !== `Bearer ${apiToken}`) {
    throw new FgaRefusal('auth_failed_invalid_bearer_token', 'invalid bearer token', 401)
  }
}

function jsonBody({ body }: Received): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new FgaRefusal('validation_error', 'the body is no JSON')
  }
}

function ok(body: unknown, store: FgaStore): Response {
  return Response.json(body, {
    headers: { 'x-request-id': crypto.randomUUID(), 'openfga-authorization-model-id': store.authorizationModelId },
  })
}
