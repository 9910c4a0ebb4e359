import { describe, expect, test } from 'vitest'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { CheckQueue } from '../../../src/permissions/openfga/check-queue.ts'
import { filterAllowed } from '../../../src/permissions/openfga/filter-allowed.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import type { NotedQuestion } from '../../../src/permissions/openfga/question.ts'
import { ann, checker, client, MODEL, question } from './fga-server.ts'

const asked = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }
const other = { ...asked, object: 'doc:2' }
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 20))
const model = { 'openfga-authorization-model-id': MODEL }

interface Sent {
  readonly checks?: readonly { readonly correlation_id: string }[]
}
const bodyOf = (init: RequestInit | undefined) => JSON.parse(String(init?.body)) as Sent
/** Yes to everything that a request asks. */
const allowed = (body: Sent) => ({
  allowed: true,
  result: Object.fromEntries((body.checks ?? []).map(({ correlation_id: id }) => [id, { allowed: true }])),
})

describe('an answer that is no 200', () => {
  test.each([201, 202, 203, 206])('%i allows nothing, whatever it says', async (status) => {
    const one = client({ fetch: async (_, init) => Response.json(allowed(bodyOf(init)), { status, headers: model }) })
    const problem = expect.stringContaining(`status ${status}`)
    expect(await one.check(asked)).toEqual({ allowed: false, problem })
    expect(await one.batchCheck([asked, other])).toEqual([
      { allowed: false, problem },
      { allowed: false, problem },
    ])
  })

  test('a redirect that the runtime hides is told as one', async () => {
    const hidden = Object.defineProperty(new Response(null), 'type', { value: 'opaqueredirect' })
    const one = client({ fetch: async () => hidden })
    expect(await one.check(asked)).toEqual({ allowed: false, problem: 'the answer was redirected' })
    await expect(one.write({ writes: [asked] })).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('a redirect that looks like a conflict of a write is not one', async () => {
    const conflict = Response.json({ code: 'write_failed_due_to_invalid_input', message: 'x' }, { status: 400 })
    Object.defineProperty(conflict, 'redirected', { value: true })
    const one = client({ fetch: async () => conflict })
    await expect(one.write({ writes: [asked] })).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('a batch that is too large for the server is asked again, call by call', async () => {
    const sizes: number[] = []
    const one = client({
      fetch: async (_, init) => {
        const body = bodyOf(init)
        sizes.push(body.checks?.length ?? 1)
        return sizes.length === 1
          ? new Response('too large', { status: 413 })
          : Response.json(allowed(body), { headers: model })
      },
    })
    expect(await Promise.all([one.check(asked), one.check(other)])).toEqual([{ allowed: true }, { allowed: true }])
    expect(sizes).toEqual([2, 1, 1])
  })
})

describe('a request that several share', () => {
  test('goes on for the others when one caller leaves its question', async () => {
    let aborted = 0
    const one = client({
      fetch: (_, init) =>
        new Promise((resolve, reject) => {
          init?.signal?.addEventListener('abort', () => {
            aborted++
            reject(init.signal?.reason)
          })
          setTimeout(() => resolve(Response.json(allowed(bodyOf(init)), { headers: model })), 80)
        }),
    })
    const leaving = new AbortController()
    const left = one.check(asked, { signal: leaving.signal })
    const stays = one.check(other)
    await soon()
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    expect(await stays).toEqual({ allowed: true })
    expect(aborted).toBe(0)
  })

  test('is not joined once everybody has left it, even where the transport goes on', async () => {
    let sent = 0
    const one = client({
      fetch: async (_, init) => {
        sent++
        // Ignores the signal.
        if (sent === 1) await new Promise(() => {})
        return Response.json(allowed(bodyOf(init)), { headers: model })
      },
    })
    const leaving = new AbortController()
    const left = one.check(asked, { signal: leaving.signal })
    await soon()
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    expect(await one.check(asked)).toEqual({ allowed: true })
    expect(sent).toBe(2)
  })

  test('that failed is not the answer of later calls', async () => {
    let isDown = true
    const one = client({
      fetch: async (_, init) => {
        if (isDown) throw new TypeError('down')
        return Response.json(allowed(bodyOf(init)), { headers: model })
      },
    })
    await expect(one.check(asked)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    isDown = false
    expect(await one.check(asked)).toEqual({ allowed: true })
  })
})

test('an answer of higher consistency is given once, however long others are kept', async () => {
  let sent = 0
  const one = checker({
    cacheSeconds: 60,
    fetch: async (_, init) => {
      sent++
      return Response.json(allowed(bodyOf(init)), { headers: model })
    },
  })
  for (const effect of ['write', 'write', 'read', 'read'] as const) {
    expect((await one.check(question({ effect }))).allowed).toBe(true)
  }
  // Each write by itself, the reads together.
  expect(sent).toBe(3)
})

test('the time that a condition sees is the checker’s, whatever the question brings', async () => {
  const seen: unknown[] = []
  const note = async (questions: readonly NotedQuestion[]) => {
    for (const { context } of questions) seen.push(context?.now)
    return questions.map(() => ({ kind: 'denied' as const }))
  }
  const queue = new CheckQueue(
    { check: async (one) => (await note([one]))[0] as { kind: 'denied' }, batch: note },
    { clock: { now: () => 0 }, stampsTime: true, cacheSeconds: 0 },
  )
  await queue.ask(
    [{ ...asked, context: { now: '2999-01-01T00:00:00Z' } }],
    'minimizeLatency',
    AbortSignal.timeout(9_000),
  )
  expect(seen).toEqual([new Date(0).toISOString()])
})

test('a document that needs nothing is withheld beside others that need something', async () => {
  const one = checker({ fetch: async (_, init) => Response.json(allowed(bodyOf(init)), { headers: model }) })
  const found = await filterAllowed([{ id: 'free' }, { id: 'd1' }], {
    permissions: one,
    agent: 'agent:trader',
    identity: admit({ ...fieldsOf(ann) }),
    permission: ({ id }) => (id === 'free' ? [] : may('can_read', object('document', id))),
  })
  expect(found).toMatchObject({ documents: [{ id: 'd1' }], withheld: 1 })
})
