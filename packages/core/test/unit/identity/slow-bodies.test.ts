import { afterEach, expect, test, vi } from 'vitest'
import { cibaPing } from '../../../src/ciba/ciba-ping.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { app as inboxOf, ORIGIN } from '../runs/app.ts'
import { app as accountsOf, BASE, providerAt } from '../vault/connect-app.ts'

afterEach(() => void vi.useRealTimers())

/** A body that never ends, and a promise that resolves when it is read. */
function endless() {
  const read = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array>({ pull: () => read.resolve() }, { highWaterMark: 0 })
  return { body, read: read.promise }
}

const crm = await providerAt(4812)
const inbox = inboxOf().inbox
const accounts = accountsOf(crm).handler
const ping = cibaPing({ store: memoryStore() })
const ours = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }

test.each<[string, (request: Request) => Promise<Response>, string, Record<string, string>]>([
  ['the inbox', inbox, `${ORIGIN}/inbox`, { ...ours, cookie: 'session=ann' }],
  ['the accounts’ page', accounts, `${BASE}/connect`, { ...ours, cookie: 'session=ann' }],
  ['the pings of anybody', ping, `${ORIGIN}/ping`, { authorization: 'Bearer garbage' }],
])('%s waits no longer than half a minute for a body', async (_name, handler, url, headers) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { body, read } = endless()
  const request = new Request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    duplex: 'half',
  } as RequestInit)
  const answer = handler(request)
  await read
  await vi.advanceTimersByTimeAsync(30_000)
  expect((await answer).status).toBe(400)
})
