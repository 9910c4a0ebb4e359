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

test('a call within, of another copy, that had no effect says nothing of what the body around it did', async () => {
  const here = smallWorld()
  vi.resetModules()
  const small: typeof import('./small-world.ts') = await import('./small-world.ts')
  const { HadNoEffect }: typeof import('../../../src/index.ts') = await import('../../../src/index.ts')
  const there = small.smallWorld()
  const guard = there.guard()
  let rows = 0
  const outer = () =>
    here.guard().run(writes, here.call({ slot: 'outer' }), async () => {
      rows++
      await guard.run(small.writes, there.call({ slot: `inner ${rows}`, identity: small.user() }), () => {
        throw new HadNoEffect(new Error('closed'))
      })
    })
  await expect(outer()).rejects.toThrow('without an effect')
  expect(await outer()).toMatchObject({ code: 'unknown_outcome' })
  expect(rows).toBe(1)
})
