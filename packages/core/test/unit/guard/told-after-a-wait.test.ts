import { verifies } from '@behalf/testing/requirements'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { may, type Outcome, object, policy } from '../../../src/index.ts'
import { wake } from '../../../src/runs/wake.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** Everything that waits for no timer is done: also what is hashed and sealed, beside this thread. */
async function quiet() {
  for (let turn = 0; turn < 200; turn++) await crypto.subtle.digest('SHA-256', new Uint8Array(64))
}

test.each([
  ['nothing has changed', { status: 'done', result: 'a statement' }],
  ['whose session was revoked', { status: 'denied', code: 'revoked' }],
  ['whose permission was removed', { status: 'denied', code: 'not_permitted' }],
  ['whose proof has expired', { status: 'interrupted', interrupt: { kind: 'login_required' } }],
])(
  verifies(
    'I9',
    'a call that waited for a person and %s is told what another session of its user got only if it may still ask',
  ),
  async (what, expected) => {
    const { guard, call, clock, answers, questions } = smallWorld()
    let allowed = true
    const check = async () => ({ allowed, checks: [{ question: 'q', allowed }] })
    const process = () => guard({ permissions: { specificationVersion: 1, check } as never })
    const waits = policy(schema, {
      version: '1',
      permission: () => may('can_use', object('account', 'main')),
      approval: { message: () => 'Pay?' },
      wait: { maxSeconds: 600 },
    })
    const now = clock.now() / 1000
    const phone = user({ sessionId: 'phone', expiresAt: now + (what === 'whose proof has expired' ? 60 : 3600) })
    let outcome: Outcome<unknown> | undefined
    const waiting = process()
      .run(waits, call({ identity: phone }), () => 'never')
      .then((ended) => {
        outcome = ended
      })
    await quiet()
    clock.advance(120)
    answers({ status: 'approved' })
    const desk = call({ identity: user({ sessionId: 'desk' }) })
    // Its end wakes the call that waits.
    const body = async () => {
      if (what === 'whose session was revoked') await process().revoke({ issuer: ISSUER, session: 'phone' })
      if (what === 'whose permission was removed') allowed = false
      return 'a statement'
    }
    expect(await process().run(waits, desk, body)).toMatchObject({ status: 'done' })
    wake(questions[0]?.approvalId ?? '')
    for (let turn = 0; turn < 20 && outcome === undefined; turn++) {
      await vi.advanceTimersByTimeAsync(500)
      await quiet()
    }
    await waiting
    expect(outcome).toMatchObject(expected)
  },
)
