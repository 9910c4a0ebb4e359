import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { HadNoEffect, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

type World = ReturnType<typeof smallWorld> & {
  readonly there: ReturnType<ReturnType<typeof smallWorld>['guard']>
  /** Whom the policy names. */
  readonly names: { approver: string }
}

/** Pays after a yes; may be tried again after a crash. */
const rulesOf = (names: World['names']) =>
  policy(schema, {
    version: '1',
    approval: {
      message: () => 'Pay',
      approver: () => ({ issuer: ISSUER, subject: names.approver }),
      onCrash: 'retry',
    },
  })

type Step = (world: World) => Promise<unknown>

/** What comes before the decision; then, at the first write of this key, what comes between it and the claim. */
test.each<readonly [string, Step, string, Step]>([
  [
    'another question was answered since',
    async () => {},
    'lease:',
    async ({ there, names, call, clock, answers }) => {
      names.approver = 'bob'
      answers({ status: 'pending' })
      await there.preflight(rulesOf(names), call())
      clock.advance(6)
      answers({ status: 'approved' })
      expect(await there.preflight(rulesOf(names), call())).toMatchObject({ status: 'ready' })
    },
  ],
  [
    'another try came and went since',
    async () => {},
    'lease:',
    async ({ there, names, call }) => {
      const fails = () => Promise.reject(new HadNoEffect(new Error('closed')))
      await expect(there.run(rulesOf(names), call(), fails)).rejects.toBeInstanceOf(HadNoEffect)
    },
  ],
  [
    'it was said since what came of a crash',
    async ({ there, names, call }) => {
      const fails = () => Promise.reject(new Error('gone'))
      await expect(there.run(rulesOf(names), call(), fails)).rejects.toThrow('gone')
    },
    'lease:',
    async ({ there }) => {
      const [stuck] = await there.approvals.list({ identity: user(), as: 'owner' })
      await there.approvals.resolve(stuck?.id ?? '', 'did_not_run', { identity: user() })
    },
  ],
])(
  verifies('A11', 'a claim holds for the try that it was decided on, and not where %s (A11)'),
  async (_, before, at, meanwhile) => {
    const world: World = { ...smallWorld(), there: undefined as never, names: { approver: 'carol' } }
    const { guard, call, clock, answers, names } = Object.assign(world, { there: world.guard() })
    let isDone = false
    const here = guard({
      store: tapped(world.store, async (operation, key, next) => {
        if (operation === 'put' && key.startsWith(at) && !isDone) {
          isDone = true
          await meanwhile(world)
          // What was decided before no longer holds; what is decided now asks another person.
          names.approver = 'dora'
          answers({ status: 'pending' })
        }
        return next()
      }),
    })
    await world.there.run(rulesOf(names), call(), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(6)
    await before(world)
    let runs = 0
    expect(await here.run(rulesOf(names), call(), () => ++runs)).toMatchObject({ status: 'interrupted' })
    expect(runs).toBe(0)
    answers({ status: 'approved' })
    clock.advance(6)
    expect(await here.run(rulesOf(names), call(), () => ++runs)).toMatchObject({ status: 'done', result: 1 })
  },
)
