import { vi } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import {
  type ApprovalGateOptions,
  createApprovalGate,
  type OrderHandler,
} from '../../../src/resource-server/create-approval-gate.ts'
import { bearer, makeApi, passed } from './api.ts'

const api = makeApi()
export const order = { type: 'stock_order', symbol: 'AAPL', quantity: 50 }
export const callerWith = async (details: readonly unknown[], claims: object = {}) =>
  passed(api.protect(await bearer({ authorization_details: details, jti: crypto.randomUUID(), ...claims })))
export const approved = (claims: object = {}) => callerWith([order], claims)
export const under = (key?: string) =>
  new Request('https://x', { headers: key === undefined ? {} : { 'idempotency-key': key } })
export const makeGate = (options: Partial<ApprovalGateOptions> = {}) =>
  createApprovalGate({ store: memoryStore(), ...options })
export const place = () => vi.fn<OrderHandler>(() => Response.json({ id: crypto.randomUUID() }, { status: 201 }))
export const typeOf = async (response: Response) => [response.status, (await response.json()).type.split(':').at(-1)]

/** A store that stops at the n-th write, as a process that is killed there. */
export function dying(store: Store, after: number): Store {
  let writes = 0
  const alive = () => {
    if (writes++ >= after) throw new StoreError('unavailable', 'killed')
  }
  return {
    ...store,
    specificationVersion: 2,
    durable: false,
    now: () => store.now(),
    get: (key) => store.get(key),
    put: async (...args) => {
      alive()
      return store.put(...args)
    },
    delete: async (...args) => {
      alive()
      return store.delete(...args)
    },
  } as Store
}
