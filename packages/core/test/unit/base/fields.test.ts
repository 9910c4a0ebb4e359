import { describe, expect, test } from 'vitest'
import { takeEvidence } from '../../../src/base/errors/first-call.ts'
import {
  BehalfError,
  HadNoEffect,
  InvalidResponseError,
  OAuthResponseError,
  StepUpRequiredError,
  TransportError,
} from '../../../src/base/errors/index.ts'

describe('a field that was not given is undefined, and one that was given is kept', () => {
  test('of a transport error', () => {
    expect(new TransportError('x', { retryAfter: 5, status: 503 })).toMatchObject({ retryAfter: 5, status: 503 })
    expect(new TransportError('x', { retryAfter: 0 }).retryAfter).toBe(0)
    expect(new TransportError('x')).toMatchObject({ retryAfter: undefined, status: undefined })
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('a wait of %s seconds is not told', (retryAfter) => {
    expect(new TransportError('x', { retryAfter }).retryAfter).toBeUndefined()
  })

  test('of an invalid response', () => {
    expect(new InvalidResponseError('x').unreadable).toBe(false)
    expect(new InvalidResponseError('x').status).toBeUndefined()
    expect(new InvalidResponseError('x', { unreadable: true, status: 502 })).toMatchObject({
      unreadable: true,
      status: 502,
    })
  })

  test('of an OAuth error', () => {
    const needed = { error: 'invalid_grant', status: 400 }
    const optional = { errorDescription: 'expired', retryAfter: 3, acrValues: ['gold'], maxAge: 60 }
    const whole = new OAuthResponseError({ ...needed, ...optional })
    expect(whole).toMatchObject({ ...needed, ...optional })
    expect(whole.message).toBe('the authorization server answered "invalid_grant" ("expired")')
    const least = new OAuthResponseError(needed)
    expect(least.message).toBe('the authorization server answered "invalid_grant"')
    for (const field of Object.keys(optional)) expect(Reflect.get(least, field)).toBeUndefined()
  })

  test('of a step-up', () => {
    expect(new StepUpRequiredError('x', { maxAge: 5 }).credential).toBeUndefined()
    expect(new StepUpRequiredError('x', { maxAge: 5 }, 'orders')).toMatchObject({
      credential: 'orders',
      stepUp: { maxAge: 5 },
    })
  })

  test('of what had no effect', () => {
    const cause = new Error('below')
    expect(new HadNoEffect(cause).cause).toBe(cause)
  })

  test('an error says once that a call had no effect, and other errors never do', () => {
    const error = new HadNoEffect()
    expect([takeEvidence(error), takeEvidence(error)]).toEqual(['said', undefined])
    for (const other of [new TransportError('x'), { code: 'ERR_HAD_NO_EFFECT' }, undefined])
      expect(takeEvidence(other)).toBeUndefined()
  })
})

test('an unknown API is told with how identifiers are compared', () => {
  const { message } = new OAuthResponseError({ error: 'invalid_target', status: 400 })
  expect(message).toContain('which may end with a slash')
})

test('no other value is taken for an error of the package, and none breaks the question', () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const value of [undefined, null, 'text', 1, {}, proxy]) expect(BehalfError.isInstance(value)).toBe(false)
})
