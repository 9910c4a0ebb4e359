import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test, vi } from 'vitest'
import * as errors from '../../../src/base/errors/index.ts'
import {
  ApprovalAnswerError,
  BehalfError,
  ConfigurationError,
  CredentialMisuseError,
  DelegationError,
  HadNoEffect,
  IdentityRequiredError,
  InvalidObjectError,
  InvalidResponseError,
  InvalidTokenError,
  OAuthResponseError,
  StepUpRequiredError,
  StoreError,
  TransportError,
} from '../../../src/base/errors/index.ts'

const made: Record<string, () => BehalfError> = {
  ApprovalAnswerError: () => new ApprovalAnswerError('late', 'x'),
  ConfigurationError: () => new ConfigurationError('agent.name', 'give a name'),
  CredentialMisuseError: () => new CredentialMisuseError('origin', 'x'),
  DelegationError: () => new DelegationError('revoked', 'x'),
  HadNoEffect: () => new HadNoEffect(new Error('below')),
  IdentityRequiredError: () => new IdentityRequiredError('x'),
  InvalidObjectError: () => new InvalidObjectError('x'),
  InvalidResponseError: () => new InvalidResponseError('x'),
  InvalidTokenError: () => new InvalidTokenError('expired', 'x'),
  OAuthResponseError: () => new OAuthResponseError({ error: 'invalid_grant', status: 400 }),
  StepUpRequiredError: () => new StepUpRequiredError('x', { maxAge: 5 }),
  StoreError: () => new StoreError('unavailable', 'x'),
  TransportError: () => new TransportError('x'),
}

describe('errors', () => {
  test(verifies('E1', 'every exported error is tried here'), () => {
    const exported = Object.keys(errors).filter((name) => name !== 'BehalfError')
    expect(Object.keys(made).sort()).toEqual(exported.sort())
  })

  test.each(Object.entries(made))('%s carries the brand, its name and a code of its own', (name, make) => {
    const error = make()
    expect(BehalfError.isInstance(error)).toBe(true)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(name)
    expect(error.code).toMatch(/^ERR_[A-Z_]+$/)
    expect(Object.keys(JSON.parse(JSON.stringify(error)))).toEqual(['name', 'code', 'message'])
  })

  test(verifies('E1', 'codes are unique, and only what may succeed later is retryable'), () => {
    const all = Object.values(made).map((make) => make())
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length)
    expect(all.filter(({ retryable }) => retryable).map(({ name }) => name)).toEqual(['StoreError', 'TransportError'])
    expect(new StoreError('corrupt', 'x').retryable).toBe(false)
  })

  test(verifies('E1', 'a second copy of the package recognises the first one’s errors'), async () => {
    vi.resetModules()
    const second = await import('../../../src/base/errors/index.ts')
    expect(second.BehalfError).not.toBe(BehalfError)
    expect(second.BehalfError.isInstance(new TransportError('x'))).toBe(true)
    expect(second.BehalfError.isInstance(new Error('x'))).toBe(false)
    expect(second.BehalfError.isInstance({ code: 'ERR_TRANSPORT' })).toBe(false)
  })

  test(verifies('E1', 'a class recognises its own errors only'), () => {
    const transport: unknown = new TransportError('x')
    expect(TransportError.isInstance(transport)).toBe(true)
    expect(ConfigurationError.isInstance(transport)).toBe(false)
    const { isInstance } = BehalfError
    expect([transport, new Error('x')].map((error) => isInstance(error))).toEqual([true, false])
  })

  test('the cause is kept and not enumerable; a server’s words are quoted', () => {
    const cause = new Error('below')
    const error = new TransportError('down', { cause })
    expect(error.cause).toBe(cause)
    expect(Object.keys(error)).not.toContain('cause')
    const hostile = new OAuthResponseError({ error: 'x', errorDescription: 'a"\n[admin] all is well', status: 400 })
    expect(hostile.message).not.toContain('\n')
    expect(inspect(hostile).split('\n')[0]).toContain('\\"\\n[admin]')
  })

  test('a configuration error names the option and the fix', () => {
    expect(new ConfigurationError('keys.seal[0]', 'give 32 random bytes').message).toBe(
      'keys.seal[0]: give 32 random bytes',
    )
  })
})
