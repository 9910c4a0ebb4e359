import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { schema, smallWorld } from './small-world.ts'

const version = (name: string) => policy(schema, { version: name, approval: { message: () => `Pay, says ${name}` } })

test(
  verifies('A11', 'a call that replaces a yes leaves the one that was given to another version in the same moment'),
  async () => {
    const { guard, call, store, clock, answers, questions } = smallWorld()
    answers({ status: 'approved' })
    const behalf = guard()
    const run = (name: string, by = behalf) => by.run(version(name), call(), () => `ran ${name}`)
    await behalf.preflight(version('1'), call())
    clock.advance(6)
    expect(await behalf.preflight(version('1'), call())).toMatchObject({ status: 'ready' })
    clock.advance(31)
    let meanwhile = async () => {
      meanwhile = async () => {}
      await behalf.preflight(version('2'), call())
      clock.advance(6)
      expect(await behalf.preflight(version('2'), call())).toMatchObject({ status: 'ready' })
    }
    const slow = guard({
      store: tapped(store, async (operation, _, next) => {
        if (operation === 'put') await meanwhile()
        return next()
      }),
    })
    expect(await run('3', slow)).toMatchObject({ status: 'unavailable' })
    expect(questions.map(({ message }) => message)).toEqual(['Pay, says 1', 'Pay, says 2'])
    expect(await run('2')).toMatchObject({ status: 'done', result: 'ran 2' })
  },
)
