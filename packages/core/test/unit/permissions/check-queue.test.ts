import { verifies } from '@behalf/testing/requirements'
import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import type { Backend } from '../../../src/permissions/openfga/backend.ts'
import { CheckQueue } from '../../../src/permissions/openfga/check-queue.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { checker, client, everything, fgaServer, question } from './fga-server.ts'

const fga = fgaServer()
const p = (id: string) => [may('can_view', object('portfolio', id))]
const itemsOf = (index: number) => fga.sent[index]?.body.checks?.length ?? 1

/** Answers nothing before `open` is called. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  fga.misbehave(async () => {
    await opened
    return undefined as never
  })
  return () => open()
}
const soon = () => new Promise((resolve) => setTimeout(resolve, 30))

describe('what is asked in one turn of the event loop', () => {
  test('travels together, and the delegation once', async () => {
    fga.know(...everything)
    const one = checker()
    const decisions = await Promise.all(['p1', 'p2', 'p3'].map((id) => one.check(question({ permissions: p(id) }))))
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, false, false])
    expect(fga.sent).toHaveLength(1)
    expect(itemsOf(0)).toBe(7)
  })

  test('and after a few promises as well', async () => {
    const one = checker()
    const later = async () => {
      await Promise.resolve()
      await Promise.resolve()
      return one.check(question({ permissions: p('p2') }))
    }
    await Promise.all([one.check(question()), later()])
    expect(fga.sent).toHaveLength(1)
  })

  test(verifies('I4', 'a hundred identical checks are one'), async () => {
    fga.know(...everything)
    const one = checker()
    const decisions = await Promise.all(Array.from({ length: 100 }, () => one.check(question())))
    expect(decisions.every(({ allowed }) => allowed)).toBe(true)
    expect(fga.sent.map((_, index) => itemsOf(index))).toEqual([3])
  })

  const asked = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }
  const tuple = { user: 'user:ann', relation: 'member', object: 'group:g' }
  const others = [
    ['another user', { ...asked, user: 'user:bob' }],
    ['another relation', { ...asked, relation: 'editor' }],
    ['another object', { ...asked, object: 'doc:2' }],
    ['a context', { ...asked, context: { ip: '10.0.0.1' } }],
    ['another context', { ...asked, context: { ip: '10.0.0.2' } }],
    ['a contextual tuple', { ...asked, contextualTuples: [tuple] }],
    ['another contextual tuple', { ...asked, contextualTuples: [{ ...tuple, object: 'group:h' }] }],
    ['a condition', { ...asked, contextualTuples: [{ ...tuple, condition: { name: 'c', context: { x: 1 } } }] }],
    ['its value', { ...asked, contextualTuples: [{ ...tuple, condition: { name: 'c', context: { x: 2 } } }] }],
  ] as const
  test.each(others)(verifies('F3', '%s makes another question'), async (_, other) => {
    const one = client()
    await Promise.all([one.check(asked), one.check(other), one.check(asked)])
    expect(itemsOf(0)).toBe(2)
  })

  test('another consistency makes another request', async () => {
    const one = client()
    await Promise.all([one.check(asked), one.check(asked, { consistency: 'higherConsistency' })])
    expect(fga.sent.map(({ body }) => body.consistency).sort()).toEqual(['HIGHER_CONSISTENCY', 'MINIMIZE_LATENCY'])
  })

  test(verifies('F3', 'one document’s conditional answer is no other’s'), async () => {
    fga.misbehave(({ body }) =>
      HttpResponse.json({
        result: Object.fromEntries(
          (body.checks ?? []).map((item) => [item.correlation_id, { allowed: item.context?.tier === 'gold' }]),
        ),
      }),
    )
    const [gold, tin] = await client().batchCheck([
      { ...asked, context: { tier: 'gold' } },
      { ...asked, context: { tier: 'tin' } },
    ])
    expect([gold, tin]).toEqual([{ allowed: true }, { allowed: false }])
  })
})

describe('a question that is on its way', () => {
  const asked = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }

  test('is joined by an identical one of least latency', async () => {
    const open = gate()
    const one = client()
    const first = one.check(asked)
    await soon()
    const second = one.check(asked)
    await soon()
    open()
    await Promise.all([first, second])
    expect(fga.sent).toHaveLength(1)
  })

  test('is not joined where consistency counts: something may have been written since', async () => {
    const open = gate()
    const one = client()
    const first = one.check(asked, { consistency: 'higherConsistency' })
    await soon()
    const second = one.check(asked, { consistency: 'higherConsistency' })
    await soon()
    open()
    await Promise.all([first, second])
    expect(fga.sent).toHaveLength(2)
  })

  test('is not joined at another time: what it was told may have ended', async () => {
    let now = Date.parse('2026-11-25T10:00:00Z')
    const one = checker({ clock: { now: () => now } })
    const open = gate()
    const first = one.check(question())
    await soon()
    now += 60_000
    const second = one.check(question())
    await soon()
    open()
    await Promise.all([first, second])
    expect(fga.sent.map(({ body }) => body.checks?.[0]?.context?.now)).toEqual([
      '2026-11-25T10:00:00.000Z',
      '2026-11-25T10:01:00.000Z',
    ])
  })

  test(verifies('I4', 'goes on when one of two leaves, and ends when both have'), async () => {
    let aborted = 0
    const one = client({
      fetch: (_, init) =>
        new Promise((resolve, reject) => {
          init?.signal?.addEventListener('abort', () => {
            aborted++
            reject(init.signal?.reason)
          })
          setTimeout(() => resolve(Response.json({ allowed: true })), 150)
        }),
    })
    const [a, b] = [new AbortController(), new AbortController()]
    const first = one.check(asked, { signal: a.signal })
    const second = one.check(asked, { signal: b.signal })
    await soon()
    a.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    expect(aborted).toBe(0)
    await expect(second).resolves.toEqual({ allowed: true })

    const third = one.check(asked, { signal: b.signal })
    await soon()
    b.abort(new Error('left too'))
    await expect(third).rejects.toThrow('left too')
    expect(aborted).toBe(1)
    // What was dropped is not joined.
    await expect(one.check(asked)).resolves.toEqual({ allowed: true })
  })

  test('is not sent when everybody left before', async () => {
    const controller = new AbortController()
    const left = client().check(asked, { signal: controller.signal })
    controller.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    await soon()
    expect(fga.sent).toEqual([])
  })
})

describe('a batch that the server refuses as a whole', () => {
  test('is asked again call by call: one malformed question denies no other', async () => {
    fga.know('user:ann viewer doc:1')
    fga.misbehave(({ body }) => {
      const bad = (body.checks ?? [body]).some(({ tuple_key }) => tuple_key.relation === 'broken')
      return bad
        ? HttpResponse.json({ code: 'validation_error', message: 'no such relation' }, { status: 400 })
        : undefined
    })
    const one = client()
    const [good, bad] = await Promise.all([
      one.check({ user: 'user:ann', relation: 'viewer', object: 'doc:1' }),
      one.check({ user: 'user:ann', relation: 'broken', object: 'doc:1' }),
    ])
    expect(good).toEqual({ allowed: true })
    expect(bad).toMatchObject({ allowed: false, problem: expect.stringContaining('no such relation') })
    expect(fga.sent).toHaveLength(3)
  })

  test.each([401, 404, 403])('with %i is asked once: no question of it is to blame', async (status) => {
    fga.misbehave(() => HttpResponse.json({ code: 'x', message: 'x' }, { status }))
    const one = checker()
    const decisions = await Promise.allSettled([one.check(question()), one.check(question({ permissions: p('p2') }))])
    for (const decision of decisions) {
      expect(decision).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CONFIGURATION' } })
    }
    expect(fga.sent).toHaveLength(1)
  })

  test('is a refusal where it is one call’s own', async () => {
    fga.know(...everything)
    fga.misbehave(() => HttpResponse.json({ code: 'validation_error', message: 'x' }, { status: 400 }))
    expect((await checker().check(question())).allowed).toBe(false)
    expect(fga.sent).toHaveLength(1)
  })
})

test('large contexts share no request beyond what the server takes', async () => {
  const context = { text: 'x'.repeat(90_000) }
  const questions = ['1', '2', '3'].map((id) => ({
    user: 'user:ann',
    relation: 'viewer',
    object: `doc:${id}`,
    context,
  }))
  await client().batchCheck(questions)
  expect(fga.sent.map((_, index) => itemsOf(index)).sort()).toEqual([1, 2])
})

describe('answers', () => {
  test(verifies('F3', 'are not kept'), async () => {
    fga.know(...everything)
    const one = checker()
    await one.check(question())
    await one.check(question())
    expect(fga.sent).toHaveLength(2)
  })

  test('are kept where asked for, as long as that, and never for writes', async () => {
    let now = Date.parse('2026-11-25T10:00:00Z')
    fga.know(...everything)
    const one = checker({ cacheSeconds: 5, clock: { now: () => now } })
    expect((await one.check(question())).allowed).toBe(true)
    now += 4_999
    expect((await one.check(question())).allowed).toBe(true)
    expect(fga.sent).toHaveLength(1)
    await one.check(question({ effect: 'write' }))
    expect(fga.sent).toHaveLength(2)
    now += 1
    await one.check(question())
    expect(fga.sent).toHaveLength(3)
    expect((await one.check(question({ permissions: p('p2') }))).allowed).toBe(false)
  })

  test('are as old as their question, however late they come: a right that was removed meanwhile does not last longer', async () => {
    let now = Date.parse('2026-11-25T10:00:00Z')
    fga.know(...everything)
    const open = gate()
    const one = checker({ cacheSeconds: 5, clock: { now: () => now } })
    const slow = one.check(question())
    await expect.poll(() => fga.sent.length).toBe(1)
    now += 4_000
    open()
    expect((await slow).allowed).toBe(true)
    now += 999
    await one.check(question())
    expect(fga.sent).toHaveLength(1)
    now += 1
    await one.check(question())
    expect(fga.sent).toHaveLength(2)
  })

  test('that are problems are not kept', async () => {
    fga.know(...everything)
    const one = checker({ cacheSeconds: 5 })
    fga.misbehave(() => (fga.sent.length === 1 ? new HttpResponse('<html>') : undefined))
    expect((await one.check(question())).allowed).toBe(false)
    expect((await one.check(question())).allowed).toBe(true)
  })
})

test('a check without a verdict is denied', async () => {
  const short: Backend = { check: async () => ({ kind: 'allowed' }), batch: async () => [{ kind: 'allowed' }] }
  const queue = new CheckQueue(short, { clock: { now: () => 0 }, stampsTime: false, cacheSeconds: 0 })
  const questions = ['doc:1', 'doc:2'].map((name) => ({ user: 'user:ann', relation: 'viewer', object: name }))
  const verdicts = await queue.ask(questions, 'minimizeLatency', new AbortController().signal)
  expect(verdicts).toEqual([{ kind: 'allowed' }, { kind: 'denied', problem: 'the answer leaves this out' }])
})
