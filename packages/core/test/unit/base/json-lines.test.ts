import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { jsonLinesSink } from '../../../src/entrypoints/audit.ts'
import type { AuditEvent } from '../../../src/index.ts'
import { stopTime } from '../guard/passing-time.ts'
import { buy, createOrder, ORIGIN, policies, world } from '../guard/world.ts'

const event = (at: number): AuditEvent => ({
  v: 1,
  at,
  agent: 'agent:a',
  tool: 't\nu',
  type: 'raw_token',
  credential: 'c',
})
const parsed = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('jsonLinesSink', () => {
  test('one event, one line, to a stream or a function', async () => {
    const stream = new PassThrough()
    const toStream = jsonLinesSink({ to: stream })
    await toStream.write(event(1))
    await toStream.write(event(2))
    expect(parsed(String(stream.read()))).toEqual([event(1), event(2)])
    const lines: string[] = []
    await jsonLinesSink({ to: (line) => void lines.push(line) }).write(event(3))
    expect(parsed(lines.join(''))).toEqual([event(3)])
  })

  test.each([
    [
      'a function that throws',
      () => {
        throw new Error('full')
      },
    ],
    ['a function that rejects', () => Promise.reject(new Error('full'))],
    [
      'a stream that fails',
      new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) }).on('error', () => {}),
    ],
  ])('%s rejects the promise of a caller that waits', async (_, to) => {
    await expect(jsonLinesSink({ to }).write(event(1))).rejects.toMatchObject({
      code: 'ERR_TRANSPORT',
      retryable: true,
    })
  })

  test('a writer that does not keep up costs lines, and says how many', async () => {
    const lines: string[] = []
    const takers: (() => void)[] = []
    const to = (line: string) =>
      new Promise<void>((resolve) => {
        lines.push(line)
        takers.push(resolve)
      })
    const sink = jsonLinesSink({ to, maxPending: 2 })
    const written = [1, 2, 3, 4].map((at) =>
      Promise.resolve(sink.write(event(at))).then(
        () => 'taken',
        () => 'dropped',
      ),
    )
    for (const take of takers.splice(0)) take()
    expect(await Promise.all(written)).toEqual(['taken', 'taken', 'dropped', 'dropped'])
    const next = sink.write(event(5))
    for (const take of takers.splice(0)) take()
    await next
    expect(parsed(lines.join('')).map(({ type, at, count }) => [type, at, count])).toEqual([
      ['raw_token', 1, undefined],
      ['raw_token', 2, undefined],
      ['dropped', 5, 2],
      ['raw_token', 5, undefined],
    ])
  })

  test('how many were dropped is said again, where the line that said it was not taken', async () => {
    const lines: string[] = []
    const takers: (() => void)[] = []
    let full = false
    const to = (line: string) => {
      if (full && line.includes('"dropped"')) return Promise.reject(new Error('full'))
      lines.push(line)
      return new Promise<void>((resolve) => takers.push(resolve))
    }
    const sink = jsonLinesSink({ to, maxPending: 1 })
    const first = sink.write(event(1))
    await expect(sink.write(event(2))).rejects.toThrow('keep up')
    for (const take of takers.splice(0)) take()
    await first
    for (const at of [3, 4]) {
      full = at === 3
      const next = sink.write(event(at))
      for (const take of takers.splice(0)) take()
      await next
    }
    expect(parsed(lines.join('')).filter(({ type }) => type === 'dropped')).toEqual([
      { v: 1, type: 'dropped', at: 4, count: 1 },
    ])
  })

  test.each([
    ['to', { to: {} }],
    ['to', { to: undefined }],
    ['maxPending', { to: () => {}, maxPending: 0 }],
    ['maxpending', { to: () => {}, maxpending: 5 }],
  ])('%s is checked at construction', (option, options) => {
    expect(() => jsonLinesSink(options as never)).toThrow(`jsonLinesSink.${option}`)
  })
})

describe('a sink and its guard', () => {
  const reading = async (audit: Parameters<Awaited<ReturnType<typeof world>>['guard']>[0]) => {
    const target = await world()
    const call = target.invocation({
      tool: 'read_portfolio',
      input: { portfolio: 'p-ann' },
      identity: await target.login(),
    })
    const guard = target.guard({ timeoutMs: 500, ...audit })
    let ran = 0
    const read = () =>
      guard.run(policies.read_portfolio, call, async (_, { access }) => {
        ran++
        return (await access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)).status
      })
    return { read, ran: () => ran }
  }
  const failing = () => jsonLinesSink({ to: () => Promise.reject(new Error('full')) })
  const hanging = () => jsonLinesSink({ to: () => new Promise<void>(() => {}) })
  const throwing = () => ({
    write: () => {
      throw new Error('broken')
    },
  })

  test.each([
    ['fails', failing],
    ['hangs', hanging],
    ['throws', throwing],
  ])('one that %s neither stops nor slows a call', async (_, sink) => {
    const { read } = await reading({ audit: sink() })
    await read()
    // A call that waited for it by a timer would not end.
    stopTime()
    expect(await read()).toMatchObject({ status: 'done', result: 200 })
  })

  test.each([
    ['fails', failing],
    ['hangs', hanging],
    ['throws', throwing],
  ])('one that %s, where audit is required: no call runs', async (_, sink) => {
    const { read, ran } = await reading({ audit: { sink: sink(), required: true } })
    expect(await read()).toMatchObject({ status: 'unavailable' })
    expect(ran()).toBe(0)
  })

  test('each event of a call names user, actors, tool, policy, decision, call and approval', async () => {
    const target = await world()
    const lines: string[] = []
    const behalf = target.guard({ audit: jsonLinesSink({ to: (line) => void lines.push(line) }) })
    const identity = await target.login()
    const order = target.invocation({ tool: 'create_order', input: buy(50), identity })
    await behalf.run(policies.create_order, order, createOrder)
    await target.authorizationServer.controls.approve()
    target.clock.advance(10)
    await behalf.run(policies.create_order, order, (input, { access }) =>
      access.trade.withToken(() => createOrder(input)),
    )
    await new Promise((resolve) => setTimeout(resolve, 5))
    const events = parsed(lines.join(''))
    const last = events.findLast(({ type }) => type === 'call') as Record<string, unknown>
    expect(last).toMatchObject({
      status: 'done',
      agent: 'agent:trader',
      tool: 'create_order',
      principal: { issuer: identity.issuer, subject: 'ann', clientId: identity.clientId },
      policyVersion: expect.any(String),
      approvalId: expect.any(String),
      callId: expect.any(String),
      trace: { callId: last.callId, approvalId: last.approvalId, policyVersion: last.policyVersion },
    })
    for (const type of ['token', 'raw_token']) {
      const { callId, policyVersion, approvalId } = last
      expect(events.find((one) => one.type === type)).toMatchObject({ callId, policyVersion, approvalId })
    }
    expect(events.filter(({ type }) => type === 'approval').map(({ approvalId }) => approvalId)).toEqual(
      Array.from({ length: 4 }, () => last.approvalId),
    )
    expect(lines.join('')).not.toContain('eyJ')
    const calls = new Set(events.filter(({ type }) => type === 'call').map(({ callId }) => callId))
    expect(calls.size).toBe(2)
  })
})
