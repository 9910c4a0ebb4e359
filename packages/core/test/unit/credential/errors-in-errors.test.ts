import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { redactError, Token } from '../../../src/credential/index.ts'

const secret = 'eyJhbGciOi.J9.c2ln'
const tokens = [new Token(secret)]
const clean = (thrown: unknown) => redactError(thrown, tokens) as Error & Record<string, unknown>

describe('an error in what an error carries (E4)', () => {
  test('in a list and in a plain object', () => {
    const error = Object.assign(new Error('outer'), {
      list: [new Error(`in a list ${secret}`), null, 'text'],
      plain: { inner: new Error(`in an object ${secret}`), none: null },
    })
    const cleaned = clean(error) as unknown as { list: Error[]; plain: { inner: Error } }
    expect(cleaned.list[0]?.message).toBe('in a list [token]')
    expect(cleaned.plain.inner.message).toBe('in an object [token]')
  })

  test('one that cannot be changed is replaced where it is', () => {
    const frozen = () => Object.freeze(new Error(`frozen ${secret}`))
    const error = Object.assign(new AggregateError([frozen()], 'several'), { plain: { deep: [frozen()] } })
    const cleaned = clean(error) as unknown as AggregateError & { plain: { deep: Error[] } }
    expect((cleaned.errors[0] as Error).message).toBe('frozen [token]')
    expect(cleaned.plain.deep[0]?.message).toBe('frozen [token]')
    expect(clean(frozen()).message).toBe('frozen [token]')
  })

  test('errors that carry each other come to an end', () => {
    const one = new Error(`one ${secret}`)
    const other = new Error('other', { cause: one })
    one.cause = other
    expect(clean(one)).toBe(one)
    expect(one.message).toBe('one [token]')
    expect(one.cause).toBe(other)
  })

  test(verifies('E6', 'causes without end are followed to a bound, and a fixed error takes their place (E6)'), () => {
    let read = 0
    const endless = (): Error =>
      Object.defineProperty(new Error(`one ${secret}`), 'cause', {
        get: () => {
          read += 1
          return endless()
        },
      })
    expect(clean(endless()).message).toContain('cannot be searched for tokens')
    expect(read).toBeLessThan(1_000)
  })

  test('what is changed stays as visible as it was, and the rest is left alone', () => {
    const error = Object.assign(new Error(`told ${secret}`), { shown: `x ${secret}`, kept: 1 })
    const cleaned = clean(error)
    expect(cleaned).toBe(error)
    expect(Object.keys(cleaned)).toEqual(['shown', 'kept'])
    expect({ ...cleaned }).toEqual({ shown: 'x [token]', kept: 1 })
    expect(Object.getOwnPropertyDescriptor(cleaned, 'message')?.enumerable).toBe(false)
  })

  test('what holds no token is left as it is, also where it could not be changed', () => {
    const list = Object.assign([new Error('plain')], { extra: 1 })
    const error = Object.assign(new Error('plain'), { list, frozen: Object.freeze(new Error('frozen')) })
    const cleaned = clean(error) as unknown as typeof error
    expect(cleaned.list).toBe(list)
    expect(cleaned.frozen).toBe(error.frozen)
    const frozen = Object.freeze(Object.assign(new Error('frozen'), { list: [1] }))
    expect(clean(frozen)).toBe(frozen)
  })

  test('what is no error at all', () => {
    expect(redactError(`text ${secret}`, tokens)).toBe('text [token]')
    expect(redactError(null, tokens)).toBeNull()
    expect(redactError(undefined, tokens)).toBeUndefined()
    expect(redactError([`text ${secret}`], tokens)).toEqual(['text [token]'])
  })
})
