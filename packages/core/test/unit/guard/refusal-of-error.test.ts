import { describe, expect, test } from 'vitest'
import type { Invocation } from '../../../src/base/contract/index.ts'
import { ConfigurationError, OAuthResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { systemClock } from '../../../src/base/ports.ts'
import { Auditor } from '../../../src/guard/call/auditor.ts'
import { CallReport } from '../../../src/guard/call/call-report.ts'
import { refusalOfError } from '../../../src/guard/steps/refusal-of-error.ts'

const reporting = {
  auditor: new Auditor({ sink: undefined, required: false, agent: 'agent:a', clock: systemClock, timeoutMs: 1_000 }),
  onFault: () => {},
  unnamed: new Set<string>(),
  observe: false,
  clock: systemClock,
}

function refusalOf(error: unknown, signal?: AbortSignal) {
  const invocation = { tool: 'buy', slot: 'one', input: {}, ...(signal !== undefined && { signal }) } as Invocation
  const report = new CallReport(invocation, reporting, 0)
  report.at = 'access'
  return refusalOfError(error, { invocation, report })
}

describe('how a call ends that something went wrong in (E1)', () => {
  test('the caller’s own abort is thrown, whatever else is told', () => {
    expect(() => refusalOf(new Error('other'), AbortSignal.abort(new Error('mine')))).toThrow('mine')
    expect(refusalOf(new TransportError('down'), new AbortController().signal)).toMatchObject({ status: 'unavailable' })
  })

  test('the end of all time is an outage; another exception of the platform is not', () => {
    expect(refusalOf(new DOMException('late', 'TimeoutError'))).toMatchObject({ status: 'unavailable' })
    expect(refusalOf(new DOMException('no', 'DataError'))).toMatchObject({ status: 'unavailable', retryable: false })
    expect(refusalOf(Object.assign(new Error('late'), { name: 'TimeoutError' }))).toMatchObject({ retryable: false })
  })

  test('an error of a port is told by its class, and never in its words', () => {
    class PortError extends Error {}
    const secret = 'eyJhbGciOi.J9.c2ln'
    const odd = class extends Error {}
    Object.defineProperty(odd, 'name', { value: `a name of ${secret}` })
    expect(refusalOf(new PortError(secret))).toMatchObject({ detail: 'a port threw: PortError' })
    expect(refusalOf(secret)).toMatchObject({ detail: 'a port threw: string' })
    expect(refusalOf(new odd(secret))).toMatchObject({ detail: 'a port threw: an error' })
  })

  test('our own say whether it is worth another try, and when', () => {
    expect(refusalOf(new TransportError('down', { retryAfter: 7 }))).toEqual({
      status: 'unavailable',
      detail: 'down',
      retryAfter: 7,
    })
    expect(refusalOf(new TransportError('down'))).toEqual({ status: 'unavailable', detail: 'down' })
    expect(refusalOf(new ConfigurationError('option', 'fix it'))).toMatchObject({ code: 'misconfigured' })
    const refused = (error: string) => refusalOf(new OAuthResponseError({ error, status: 400 }))
    expect(refused('invalid_grant')).toMatchObject({ status: 'interrupted' })
    expect(refused('server_error')).toMatchObject({ status: 'unavailable' })
    expect(refused('invalid_scope')).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })
})
