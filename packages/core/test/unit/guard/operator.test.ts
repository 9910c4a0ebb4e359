import { describe, expect, test } from 'vitest'
import { ConfigurationError, TransportError } from '../../../src/index.ts'
import { asks, ISSUER, smallWorld, user, writes } from './small-world.ts'

const outcome = (status: string) => expect.objectContaining({ status })

describe('guard.asOperator', () => {
  test('cancels the question of any user, in its own name', async () => {
    const { guard, call, events } = smallWorld()
    const one = guard()
    const pending = await one.run(asks, call(), () => 'paid')
    const id = pending.status === 'interrupted' ? pending.interrupt.id : ''
    const operator = one.asOperator({ name: 'olga' })
    expect(await operator.cancel(id)).toMatchObject({ id, state: 'cancelled' })
    expect(await operator.cancel('unknown')).toBeUndefined()
    expect(await one.run(asks, call(), () => 'paid')).toMatchObject({ code: 'approval_cancelled' })
    expect(events.filter(({ type }) => type === 'operator')).toMatchObject([
      { type: 'operator', action: 'cancel', operator: 'olga', approvalId: id },
    ])
  })

  test('says what became of a run in doubt: the caller is told the result', async () => {
    const { guard, call } = smallWorld()
    const one = guard()
    await one.run(writes, call(), () => Promise.reject(new Error('sent, and no answer'))).catch(() => {})
    const doubtful = await one.run(writes, call(), () => 'again')
    expect(doubtful).toMatchObject({ code: 'unknown_outcome', trace: { approvalId: expect.any(String) } })
    const operator = one.asOperator({ name: 'olga' })
    const id = doubtful.trace.approvalId ?? ''
    await expect(operator.resolve(id, 'maybe' as never)).rejects.toThrow("give 'ran' or 'did_not_run'")
    await expect(operator.resolve(id, 'ran', { result: (() => 1) as never })).rejects.toThrow('plain JSON')
    expect(await operator.resolve(id, 'ran', { result: 'paid' })).toMatchObject({ state: 'used', run: 'completed' })
    expect(await one.run(writes, call(), () => 'again')).toMatchObject({ status: 'done', result: 'paid' })
  })

  test('revokes, and the event says whose access', async () => {
    const { guard, call, events } = smallWorld()
    const one = guard()
    await one.run(asks, call(), () => 'paid')
    expect(await one.asOperator({ name: 'olga' }).revoke({ issuer: ISSUER, subject: 'ann' })).toMatchObject({
      approvals: 1,
    })
    expect(await one.run(asks, call({ identity: user() }), () => 'paid')).toEqual(outcome('denied'))
    expect(events).toContainEqual(
      expect.objectContaining({ operator: 'olga', action: 'revoke', revoked: { issuer: ISSUER, subject: 'ann' } }),
    )
  })

  test('ends the access that its event names, where its caller fills in the same object for the next user', async () => {
    const { guard, call, events } = smallWorld()
    const one = guard()
    const operator = one.asOperator({ name: 'olga' })
    const whose = { issuer: ISSUER, subject: '' }
    const subjects = ['ann', 'bob']
    await Promise.all(subjects.map((subject) => operator.revoke(Object.assign(whose, { subject }))))
    for (const subject of subjects) {
      expect(await one.run(writes, call({ identity: user({ subject }) }), () => 'ran')).toEqual(outcome('denied'))
    }
    expect(events.filter(({ type }) => type === 'operator')).toMatchObject(
      subjects.map((subject) => ({ action: 'revoke', revoked: { issuer: ISSUER, subject } })),
    )
  })

  test('is on record for no revocation that was refused', async () => {
    const { guard, events } = smallWorld()
    const operator = guard().asOperator({ name: 'olga' })
    for (const whose of [{ issuer: ISSUER }, { issuer: `${ISSUER}/`, subject: 'ann' }, { subject: 'ann' } as never]) {
      await expect(operator.revoke(whose)).rejects.toBeInstanceOf(ConfigurationError)
    }
    expect(events).toEqual([])
  })

  test('does nothing that a required audit does not take', async () => {
    const { guard, call } = smallWorld()
    const pending = await guard().run(asks, call(), () => 'paid')
    const id = pending.status === 'interrupted' ? pending.interrupt.id : ''
    const refuse = (event: { readonly type: string }) =>
      event.type === 'operator' ? Promise.reject(new Error('full')) : undefined
    const one = guard({ audit: { sink: { write: refuse }, required: true } })
    await expect(one.asOperator({ name: 'olga' }).cancel(id)).rejects.toBeInstanceOf(TransportError)
    expect(await guard().approvals.get(id, { identity: user() })).toMatchObject({ state: 'open' })
  })

  test('needs a name', () => {
    const { guard } = smallWorld()
    expect(() => guard().asOperator({ name: '' })).toThrow('asOperator.name')
    expect(() => guard().asOperator({ name: 'olga', role: 'admin' } as never)).toThrow('role')
  })
})
