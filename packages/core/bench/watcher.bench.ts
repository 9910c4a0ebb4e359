import { note } from '../../../scripts/bench/figures.ts'
import { type CibaOptions, ciba } from '../src/entrypoints/ciba.ts'
import { oidc } from '../src/entrypoints/providers.ts'
import { createWatcher } from '../src/entrypoints/watcher.ts'
import { memoryStore } from '../src/records/memory-store.ts'
import { openRunStore } from '../src/runs/run-store.ts'

// Not a comparison of two functions: one process follows 10,000 open approvals for a while, by the CIBA
// channel as it is, against an authorization server in the same process. What the server costs is in it.
const APPROVALS = 10_000
const INTERVAL_SECONDS = 30
const MEASURED_SECONDS = 20
const ISSUER = 'https://issuer.example'

const now = () => Date.now() / 1000
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

let polls = 0
const server = async (input: string | URL | Request): Promise<Response> => {
  const url = String(input instanceof Request ? input.url : input)
  if (url.endsWith('/token')) {
    polls++
    return json({ error: 'authorization_pending' }, 400)
  }
  return json({ issuer: ISSUER, token_endpoint: `${ISSUER}/token`, jwks_uri: `${ISSUER}/jwks` })
}

const store = memoryStore({ maxEntries: 10 * APPROVALS })
const clock = { now: Date.now }
const runStore = openRunStore({ store, clock })
const options: CibaOptions = {}
const question = {
  id: 'question-1',
  approver: { issuer: ISSUER, subject: 'ann' },
  message: 'Buy 50 shares of AAPL',
  details: [{ type: 'stock_order', symbol: 'AAPL', side: 'buy', quantity: 50 }],
  channel: 'default',
  policyVersion: '1',
  expiresAt: now() + 3600,
}

const memoryBefore = process.memoryUsage()
// None is due before all of them are there.
const firstAt = now() + 6
for (let index = 0; index < APPROVALS; index++) {
  const at = now()
  await runStore.create({
    v: 1,
    id: `a-${index}`,
    binding: `b-${index}`,
    tool: 'create_order',
    by: { owner: { issuer: ISSUER, subject: 'ann' } },
    input: {},
    slots: [`slot:${index}`],
    perCall: true,
    retry: 'never',
    createdAt: at,
    asked: { sends: 1, replaced: 0 },
    question: {
      ...question,
      // Spread over one interval, as questions that were asked at any time are.
      delivery: {
        state: { authReqId: `req-${index}`, expiresAt: at + 3600, interval: INTERVAL_SECONDS, detailsSent: true },
        interval: INTERVAL_SECONDS,
        nextPollAt: firstAt + (index / APPROVALS) * INTERVAL_SECONDS,
      },
    },
  })
}

const watcher = createWatcher({
  authorizationServer: oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' }),
  approvals: ciba(options),
  store,
  fetch: server,
  maxPollsPerSecond: 1_000,
  onAnswer: () => {},
  onFault: (error) => {
    throw error
  },
})
const stop = new AbortController()
const running = watcher.run(stop.signal)
await sleep(Math.max(0, firstAt - now() + 1) * 1_000)

const cpuBefore = process.cpuUsage()
const pollsBefore = polls
const began = performance.now()
let peak = 0
while (performance.now() - began < MEASURED_SECONDS * 1000) {
  peak = Math.max(peak, process.memoryUsage().rss)
  await sleep(100)
}
const seconds = (performance.now() - began) / 1000
const cpu = process.cpuUsage(cpuBefore)
const measured = polls - pollsBefore
stop.abort()
await running

const { lateness, faults } = watcher.statistics()
const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`
const share = (cpu.user + cpu.system) / 1e6 / seconds
note(`${APPROVALS} pending approvals, interval ${INTERVAL_SECONDS} s, followed for ${seconds.toFixed(0)} s`)
note(
  `${(measured / seconds).toFixed(0)} polls a second; ${(share * 100).toFixed(0)} % of one core, ` +
    `${((share * 1e6) / (measured / seconds)).toFixed(0)} µs a poll, the server's part among them`,
)
note(
  `polls were late by ${(lateness.mean * 1000).toFixed(0)} ms on average, ${(lateness.max * 1000).toFixed(0)} ms at most; ` +
    `memory ${megabytes(peak)} at its peak, ${megabytes(memoryBefore.rss)} before the first approval; ${faults} faults`,
)

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
