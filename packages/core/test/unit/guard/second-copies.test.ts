import { expect, test, vi } from 'vitest'
import { smallWorld, writes } from './small-world.ts'

test('a guarded write by another copy of the package, within a body, is done and ends, and so does the body around it', async () => {
  const here = smallWorld()
  vi.resetModules()
  const small: typeof import('./small-world.ts') = await import('./small-world.ts')
  const there = small.smallWorld()
  expect(small.writes).not.toBe(writes)
  const guard = there.guard({ store: there.store })
  const call = (slot: string) => there.call({ slot, identity: small.user() })
  const outcome = await here.guard().run(writes, here.call({ slot: 'outer' }), async () => {
    const inner = await guard.run(small.writes, call('inner'), () => 'ordered')
    return inner.status === 'done' ? inner.result : inner.status
  })
  expect(outcome).toMatchObject({ status: 'done', result: 'ordered' })
  expect(await guard.run(small.writes, call('later'), () => 'once more')).toMatchObject({ result: 'once more' })
})
