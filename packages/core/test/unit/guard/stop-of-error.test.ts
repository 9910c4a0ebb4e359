import { describe, expect, test } from 'vitest'
import { ConfigurationError, OAuthResponseError, TransportError } from '../../../src/errors/index.ts'
import type { Progress } from '../../../src/guard/progress.ts'
import { stopOfError } from '../../../src/guard/stop-of-error.ts'

const stopOf = (error: unknown, signal?: AbortSignal) =>
  stopOfError(error, { invocation: signal === undefined ? {} : { signal }, fault: () => {} } as unknown as Progress)

describe('how a call ends that something went wrong in (E1)', () => {
  test('the caller’s own abort is thrown, whatever else is told', () => {
    expect(() => stopOf(new Error('other'), AbortSignal.abort(new Error('mine')))).toThrow('mine')
    expect(stopOf(new TransportError('down'), new AbortController().signal)).toMatchObject({ status: 'unavailable' })
  })

  test('the end of all time is an outage; another exception of the platform is not', () => {
    expect(stopOf(new DOMException('late', 'TimeoutError'))).toMatchObject({ status: 'unavailable' })
    expect(stopOf(new DOMException('no', 'DataError'))).toMatchObject({ status: 'unavailable', retryable: false })
    expect(stopOf(Object.assign(new Error('late'), { name: 'TimeoutError' }))).toMatchObject({ retryable: false })
  })

  test('an error of a port is told by its class, and never in its words', () => {
    class PortError extends Error {}
    const secret = 'eyJhbGciOi.J9.c2ln'
    const odd = class extends Error {}
    Object.defineProperty(odd, 'name', { value: `a name of ${secret}` })
    expect(stopOf(new PortError(secret))).toMatchObject({ detail: 'a port threw: PortError' })
    expect(stopOf(secret)).toMatchObject({ detail: 'a port threw: string' })
    expect(stopOf(new odd(secret))).toMatchObject({ detail: 'a port threw: an error' })
  })

  test('our own say whether it is worth another try, and when', () => {
    expect(stopOf(new TransportError('down', { retryAfter: 7 }))).toEqual({
      status: 'unavailable',
      detail: 'down',
      retryAfter: 7,
    })
    expect(stopOf(new TransportError('down'))).toEqual({ status: 'unavailable', detail: 'down' })
    expect(stopOf(new ConfigurationError('option', 'fix it'))).toMatchObject({ code: 'misconfigured' })
    const refused = (error: string) => stopOf(new OAuthResponseError({ error, status: 400 }))
    expect(refused('invalid_grant')).toMatchObject({ status: 'interrupted' })
    expect(refused('server_error')).toMatchObject({ status: 'unavailable' })
    expect(refused('invalid_scope')).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })
})
