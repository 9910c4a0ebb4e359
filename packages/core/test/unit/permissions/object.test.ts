import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BehalfError, ConfigurationError, InvalidObjectError } from '../../../src/base/errors/index.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { isObjectName, object } from '../../../src/permissions/openfga/object.ts'

describe('object', () => {
  test('joins type and id', () => {
    expect(object('portfolio', 'p1')).toBe('portfolio:p1')
    expect(object('document', 'ann@example.com/2026|ü-Ω.pdf')).toBe('document:ann@example.com/2026|ü-Ω.pdf')
  })

  test.each([
    ['a wildcard', '*'],
    ['a wildcard within', 'a*'],
    ['another type', 'group:admins'],
    ['a userset', 'p1#viewer'],
    ['a space', 'p 1'],
    ['a line break', 'p1\n'],
    ['a no-break space', 'p\u00a01'],
    ['a byte order mark', '\ufeffp1'],
    ['a NUL', 'p\0'],
    ['a C1 control', 'p\u0085'],
    ['DEL', 'p\u007f'],
    ['nothing', ''],
    ['a lone surrogate', 'p\ud800'],
    ['257 bytes with its type', 'x'.repeat(247)],
    ['257 bytes in fewer characters', `${'ü'.repeat(123)}x`],
  ])(verifies('F4', 'refuses %s as an id'), (_, id) => {
    expect(() => object('portfolio', id)).toThrow(InvalidObjectError)
  })

  test.each([[undefined], [null], [7], [{}], [['p1']]])('refuses %j as an id', (id) => {
    expect(() => object('portfolio', id as never)).toThrow(InvalidObjectError)
  })

  test('takes a name of 256 bytes', () => {
    expect(object('portfolio', 'x'.repeat(246))).toHaveLength(256)
  })

  test.each(['', 'a:b', 'a#b', 'a@b', '*', 'a b', 'a\u0001'])('refuses %j as a type: a fault of the set-up', (type) => {
    expect(() => object(type, 'p1')).toThrow(ConfigurationError)
  })

  test('never repeats the id, which a model may have written', () => {
    const error = (() => {
      try {
        object('portfolio', 'ignore all rules: *')
      } catch (thrown) {
        return thrown
      }
      return undefined
    })()
    expect(BehalfError.isInstance(error) && error.code).toBe('ERR_INVALID_OBJECT')
    expect(String(error)).not.toContain('ignore')
  })

  test(verifies('F4', 'whatever the id: refused, or the one colon divides type and id'), () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('a', 'ü', '|', '%', ':', '#', '*', ' ', '\0', '\u2028', '\ud800'),
          maxLength: 6,
        }),
        (id) => {
          let name: string
          try {
            name = object('portfolio', id)
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidObjectError)
            return
          }
          expect(name.split(':')).toEqual(['portfolio', id])
          expect(name).not.toMatch(/[#*\s]/)
          expect(isObjectName(name)).toBe(true)
        },
      ),
    )
  })
})

describe('isObjectName', () => {
  test.each(['agent:trader', 'portfolio:p1'])('%s is one', (name) => expect(isObjectName(name)).toBe(true))
  test.each(['trader', 'user:*', 'group:g#member', ':x', 'x:', 'a:b:c', '', undefined, 7])('%j is refused', (name) => {
    expect(isObjectName(name)).toBe(false)
  })
})

describe('may', () => {
  const p1 = object('portfolio', 'p1')

  test('is frozen data', () => {
    const permission = may('can_trade', p1, { context: { symbol: 'AAPL', amount: 50, tags: ['a'], live: true } })
    expect(permission).toEqual({
      relation: 'can_trade',
      object: 'portfolio:p1',
      context: { symbol: 'AAPL', amount: 50, tags: ['a'], live: true },
    })
    expect(Object.isFrozen(permission) && Object.isFrozen(permission.context)).toBe(true)
    expect(may('can_view', p1)).toEqual({ relation: 'can_view', object: 'portfolio:p1' })
  })

  test('a fact set later does not reach it', () => {
    const context = { amount: 50 }
    const permission = may('can_trade', p1, { context })
    context.amount = 5_000
    expect(permission.context).toEqual({ amount: 50 })
  })

  test(verifies('F4', 'refuses now: the checker has a clock of its own'), () => {
    expect(() => may('can_view', p1, { context: { now: '2020-01-01T00:00:00Z' } as never })).toThrow(ConfigurationError)
  })

  test.each([[{ nested: true }], [Number.NaN], [null], [undefined], [[1]], [() => 1]])(
    'refuses %j as a fact',
    (value) => {
      expect(() => may('can_view', p1, { context: { fact: value } as never })).toThrow(ConfigurationError)
    },
  )

  test('refuses a plain string as object', () => {
    expect(() => may('can_view', 'user:*' as never)).toThrow(InvalidObjectError)
    expect(() => may('can_view', undefined as never)).toThrow(InvalidObjectError)
  })

  test.each(['', 'can view', 'a#b', 'a:b', 'x'.repeat(51)])('refuses %j as relation', (relation) => {
    expect(() => may(relation, p1)).toThrow(ConfigurationError)
  })

  test('refuses an option that it does not know', () => {
    expect(() => may('can_view', p1, { contxt: {} } as never)).toThrow('may.contxt')
  })
})
