import { SpanStatusCode } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { describe, expect, test } from 'vitest'
import { openTelemetrySink, tracedFetch } from '../../../src/entrypoints/telemetry.ts'
import { type AuditEvent, ConfigurationError } from '../../../src/index.ts'
import { buy, createOrder, ORIGIN, policies, world } from '../guard/world.ts'

function recorder() {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  return { tracer: provider.getTracer('test'), spans: () => exporter.getFinishedSpans() }
}

const milliseconds = ([seconds, nanos]: readonly [number, number]) => seconds * 1000 + nanos / 1e6
const shown = (spans: readonly ReadableSpan[]) =>
  JSON.stringify(
    spans.map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
  )

/** An agent that reads and orders, with everything on record. */
async function running(options: { readonly personalData?: boolean } = {}) {
  const target = await world()
  const { tracer, spans } = recorder()
  const sink = openTelemetrySink({ tracer, ...options })
  const behalf = target.guard({ audit: sink, fetch: tracedFetch({ tracer }) })
  const identity = await target.login()
  const order = target.invocation({ tool: 'create_order', input: buy(50), identity })
  return { ...target, behalf, identity, order, spans }
}

describe('spans', () => {
  test('one for each call, its steps inside and one after the other, its exchange as token and as request', async () => {
    const { behalf, identity, invocation, spans } = await running()
    await behalf.run(
      policies.read_portfolio,
      invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity }),
      async (_, { access }) => (await access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)).status,
    )
    const all = spans()
    const call = all.find(({ name }) => name === 'behalf.call read_portfolio') as ReadableSpan
    expect(call.attributes).toMatchObject({
      'behalf.tool': 'read_portfolio',
      'behalf.agent': 'agent:trader',
      'behalf.phase': 'run',
      'behalf.status': 'done',
      'behalf.issuer': identity.issuer,
    })
    expect(call.status.code).toBe(SpanStatusCode.UNSET)
    const steps = all.filter(({ parentSpanContext }) => parentSpanContext?.spanId === call.spanContext().spanId)
    expect(steps.map(({ name }) => name)).toEqual(
      ['input', 'identity', 'roles', 'access'].map((step) => `behalf.step ${step}`),
    )
    let from = milliseconds(call.startTime)
    for (const step of steps) {
      expect(milliseconds(step.startTime)).toBeCloseTo(from, 3)
      from = milliseconds(step.endTime)
    }
    expect(from).toBeLessThanOrEqual(milliseconds(call.endTime))
    const token = all.find(({ name }) => name === 'behalf.token exchange') as ReadableSpan
    expect(token.attributes).toMatchObject({
      'behalf.call_id': call.attributes['behalf.call_id'],
      'behalf.token.scopes': ['portfolio:read'],
    })
    const request = all.find(({ name }) => name === 'behalf.exchange') as ReadableSpan
    expect(request.attributes).toEqual({
      'behalf.grant': 'exchange',
      'server.address': new URL(identity.issuer).host,
      'http.response.status_code': 200,
    })
    expect(milliseconds(token.startTime)).toBeLessThanOrEqual(milliseconds(request.startTime) + 2)
  })

  test('of a question: its states, its polls, and the call that was denied', async () => {
    const { behalf, order, identity, authorizationServer, clock, spans } = await running()
    const first = await behalf.run(policies.create_order, order, createOrder)
    if (first.status !== 'interrupted') throw new Error(first.status)
    clock.advance(10)
    await behalf.approvals.get(first.interrupt.id, { identity })
    await authorizationServer.controls.deny()
    clock.advance(10)
    await behalf.run(policies.create_order, order, createOrder)
    const names = spans().map(({ name }) => name)
    expect(names).toContain('behalf.approval pending')
    expect(names).toContain('behalf.poll')
    expect(names).toContain('behalf.approval denied')
    const denied = spans().find(({ attributes }) => attributes['behalf.code'] === 'approval_denied')
    expect(denied?.attributes).toMatchObject({ 'behalf.status': 'denied', 'behalf.approval_id': first.interrupt.id })
    // A poll that is answered "not yet", or "no", is no error.
    for (const span of spans()) expect(span.status.code).not.toBe(SpanStatusCode.ERROR)
  })

  test('an outage is an error', async () => {
    const { behalf, identity, invocation, authorizationServer, spans } = await running()
    await authorizationServer.controls.fault('token', { status: 503, times: 5 })
    await behalf.run(
      policies.read_portfolio,
      invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity }),
      () => 'ran',
    )
    const failed = spans().filter(({ status }) => status.code === SpanStatusCode.ERROR)
    expect(failed.map(({ name }) => name).sort()).toEqual(['behalf.call read_portfolio', 'behalf.exchange'])
  })

  test.each([false, true])(
    'with personalData %s: say who it is only then; and hold no token, ever',
    async (personalData) => {
      const { behalf, order, authorizationServer, clock, spans } = await running({ personalData })
      await behalf.run(policies.create_order, order, createOrder)
      await authorizationServer.controls.approve()
      clock.advance(10)
      await behalf.run(policies.create_order, order, createOrder)
      const text = shown(spans())
      expect(spans().some(({ name }) => name === 'behalf.token approval')).toBe(true)
      expect(text).not.toContain('eyJ')
      for (const personal of ['"ann"', 'p-ann', 'Buy 50 shares']) expect(text.includes(personal)).toBe(personalData)
    },
  )

  test('events of a kind that the sink does not know become spans too', () => {
    const { tracer, spans } = recorder()
    // Long after this process began: smaller numbers may be read as its own time.
    const at = Date.parse('2026-11-25T10:00:00Z')
    const base = { v: 1, at, agent: 'agent:a', tool: '' } as const
    openTelemetrySink({ tracer }).write({ ...base, type: 'made_up', secret: 'x' } as unknown as AuditEvent)
    openTelemetrySink({ tracer }).write({ ...base, type: 'raw_token', credential: 'trade' })
    openTelemetrySink({ tracer }).write({
      ...base,
      type: 'delegation',
      action: 'refused',
      delegationId: 'd',
      code: 'x',
    })
    expect(spans().map(({ name }) => name)).toEqual(['behalf.made_up', 'behalf.raw_token', 'behalf.delegation refused'])
    expect(spans()[2]?.attributes).toMatchObject({ 'behalf.delegation_id': 'd', 'behalf.code': 'x' })
    expect(shown(spans())).not.toContain('secret')
    expect(spans().every(({ startTime }) => milliseconds(startTime) === at)).toBe(true)
  })

  test('without a provider nothing happens, and nothing fails', async () => {
    const target = await world()
    const behalf = target.guard({ audit: openTelemetrySink(), fetch: tracedFetch() })
    const call = target.invocation({ tool: 'whoami', identity: await target.login() })
    expect(await behalf.run(policies.whoami, call, () => 'ran')).toMatchObject({ status: 'done' })
  })

  test('an unknown option is refused', () => {
    expect(() => openTelemetrySink({ personal: true } as never)).toThrow(ConfigurationError)
    expect(() => openTelemetrySink({ personalData: 'false' } as never)).toThrow(ConfigurationError)
    expect(() => tracedFetch({ fetcher: fetch } as never)).toThrow(ConfigurationError)
  })
})

describe('tracedFetch', () => {
  const form = (grant_type: string) => ({ method: 'POST', body: new URLSearchParams({ grant_type, code: 'secret' }) })

  test.each([
    ['refresh_token', 'behalf.refresh'],
    ['urn:openid:params:grant-type:ciba', 'behalf.poll'],
    ['urn:ietf:params:oauth:grant-type:device_code', 'behalf.poll'],
    ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'behalf.exchange'],
    ['made:up:secret', 'behalf.grant'],
    ['__proto__', 'behalf.grant'],
  ])('%s is %s', async (grant, name) => {
    const { tracer, spans } = recorder()
    const fetch = tracedFetch({ tracer, fetch: async () => new Response(null, { status: 400 }) })
    await fetch('https://login.example.com/token?x=secret', form(grant))
    expect(spans().map((span) => span.name)).toEqual([name])
    expect(shown(spans())).not.toContain('secret')
  })

  test('what is no grant passes through as it is', async () => {
    const { tracer, spans } = recorder()
    const seen: unknown[] = []
    const fetch = tracedFetch({
      tracer,
      fetch: async (...request) => {
        seen.push(...request)
        return new Response('ok')
      },
    })
    const init = { method: 'POST', body: '{}' }
    await fetch('https://api.example.com/orders', init)
    await fetch('https://api.example.com/orders')
    expect(seen).toEqual(['https://api.example.com/orders', init, 'https://api.example.com/orders', undefined])
    expect(spans()).toEqual([])
  })

  test('a failure is told by name, and thrown as it was', async () => {
    const { tracer, spans } = recorder()
    const error = new TypeError('could not reach secret.internal')
    const fetch = tracedFetch({ tracer, fetch: () => Promise.reject(error) })
    await expect(fetch('https://login.example.com/token', form('refresh_token'))).rejects.toBe(error)
    expect(spans()[0]?.attributes).toMatchObject({ 'error.type': 'TypeError' })
    expect(shown(spans())).not.toContain('internal')
  })
})
