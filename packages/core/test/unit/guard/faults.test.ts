import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { Token } from '../../../src/credential/index.ts'
import { denySentences } from '../../../src/entrypoints/spi.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { type Fault, may, object, policy } from '../../../src/index.ts'
import { keys, schema, smallWorld, user } from './small-world.ts'

/** A guard that collects what `onFault` hears. */
function listeningWorld() {
  const world = smallWorld()
  const faults: Fault[] = []
  return {
    ...world,
    faults,
    listening: (over = {}) => world.guard({ onFault: (fault) => void faults.push(fault), ...over }),
  }
}

class BrokenRule extends Error {}
const broken = (): never => {
  throw new BrokenRule('no such portfolio')
}
const asked = { message: () => 'Pay' }
const checker = { check: () => Promise.reject(new Error('unused')) }
const right = () => may('can_pay', object('account', 'a'))

describe('a rule that throws is named to the operator, and to the model nothing is said of it', () => {
  test.each([
    ['permission', policy(schema, { permission: broken })],
    ['visibleWhen', policy(schema, { permission: right, visibleWhen: broken })],
    ['approval.when', policy(schema, { approval: { ...asked, when: broken } })],
    ['approval.message', policy(schema, { approval: { message: broken } })],
    ['approval.details', policy(schema, { approval: { ...asked, details: broken } })],
    ['approval.approver', policy(schema, { approval: { ...asked, approver: broken } })],
    ['schema', policy(z.strictObject({ amount: z.number().refine(broken) }), {})],
  ])('%s', async (rule, throwing) => {
    const { listening, call, faults } = listeningWorld()
    const outcome = await listening({ permissions: checker }).run(throwing, call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured', message: denySentences.misconfigured })
    const step = outcome.trace.steps.at(-1)
    expect(step?.detail).toBe(`the rule ${rule} threw BrokenRule: no such portfolio`)
    expect(step?.stack).toContain('faults.test.ts')
    const { callId } = outcome.trace
    expect(faults).toEqual([
      {
        kind: 'rule_threw',
        rule,
        tool: 'pay',
        step: step?.step,
        message: 'BrokenRule: no such portfolio',
        stack: expect.stringContaining('faults.test.ts'),
        callId,
      },
    ])
  })

  test.each([
    ['has no class', () => Object.assign(new Error('lost'), { constructor: undefined })],
    ['cannot be read', () => new Proxy(new Error('lost'), { get: () => broken() })],
  ])('an error that %s is named as one', async (_, thrown) => {
    const { listening, call, faults } = listeningWorld()
    const rules = policy(schema, {
      permission: () => {
        throw thrown()
      },
    })
    const outcome = await listening({ permissions: checker }).run(rules, call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(faults).toMatchObject([{ rule: 'permission', message: expect.stringMatching(/^an error: /) }])
  })

  test('guard.visible names it as well', async () => {
    const { listening, faults } = listeningWorld()
    const hides = policy(schema, { permission: right, visibleWhen: broken })
    const { hidden } = await listening({ permissions: checker }).visible({ pay: hides }, user())
    expect(hidden).toEqual([
      { tool: 'pay', reason: 'misconfigured', detail: 'the rule visibleWhen threw BrokenRule: no such portfolio' },
    ])
    expect(faults).toMatchObject([{ kind: 'rule_threw', rule: 'visibleWhen', tool: 'pay', step: 'permission' }])
  })

  test(verifies('E1', 'neither the user’s token, nor a JWT, nor the password of a URL is told'), async () => {
    const { listening, call, faults } = listeningWorld()
    const token = 'an-opaque-access-token-of-ann'
    const identity = admit(fieldsOf(user()), { token: new Token(token), type: 'access_token' })
    const jwt = `eyJhbGciOiJub25lIn0.${'a'.repeat(40)}.c2ln`
    const leaks = policy(schema, {
      approval: {
        message: () => {
          throw new Error(`${token} ${jwt} redis://ann:s3cret@host`)
        },
      },
    })
    const outcome = await listening().run(leaks, call({ identity }), () => 'ran')
    expect(outcome.trace.steps.at(-1)?.detail).toBe(
      'the rule approval.message threw Error: [token] [hidden] redis://[hidden]@host',
    )
    const told = JSON.stringify([outcome, faults])
    for (const secret of [token, jwt, 's3cret']) expect(told).not.toContain(secret)
  })

  test.each([
    ['nothing', undefined, 'undefined: '],
    ['a text', 'no', 'string: no'],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new Error(), 'message', { get: broken }),
      'Error: ',
    ],
    [
      'an error whose message is too long to look for tokens in',
      new Error('x'.repeat(70_000)),
      'Error: (longer than 65536 characters)',
    ],
  ])('%s is thrown', async (_, thrown, message) => {
    const { listening, call, faults } = listeningWorld()
    const throwing = policy(schema, {
      approval: {
        message: () => {
          throw thrown
        },
      },
    })
    expect(await listening().run(throwing, call(), () => 'ran')).toMatchObject({ code: 'misconfigured' })
    expect(faults).toMatchObject([{ kind: 'rule_threw', message }])
  })
})

describe('onFault', () => {
  test(verifies('E1', 'hears what a port threw, whose words stand in no trace'), async () => {
    const { listening, call, faults } = listeningWorld()
    const permissions = { check: () => Promise.reject(new RangeError('the checker is broken')) }
    const outcome = await listening({ permissions }).run(policy(schema, { permission: right }), call(), () => 'ran')
    expect(outcome.trace.steps.at(-1)?.detail).toBe('a port threw: RangeError')
    expect(faults).toMatchObject([
      { kind: 'port_threw', step: 'permission', message: 'RangeError: the checker is broken' },
    ])
  })

  test.each([
    ['throws', broken],
    ['rejects', () => Promise.reject(new Error('no'))],
  ])('a listener that %s changes nothing', async (_, onFault) => {
    const { guard, call } = smallWorld()
    const asks = policy(schema, { approval: { message: broken } })
    expect(await guard({ onFault, keys }).run(asks, call(), () => 'ran')).toMatchObject({ code: 'misconfigured' })
  })

  test('what is no function is refused where it is written', () => {
    const { guard } = smallWorld()
    expect(() => guard({ onFault: 'console.error' as never })).toThrow('onFault')
  })
})
