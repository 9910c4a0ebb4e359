import { expect, test } from 'vitest'
import { smallWorld, writes } from './small-world.ts'

async function* pay() {
  yield 'paying'
  return { paid: 50 }
}

type Flow = AsyncGenerator<unknown, unknown>

async function open(body: () => unknown) {
  const world = smallWorld()
  const guard = world.guard()
  const outcome = await guard.run(writes, world.call(), body)
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  const again = () => guard.run(writes, world.call(), () => 'ran again')
  const ends = () => world.events.filter((event) => event.type === 'call').map(({ status }) => status)
  return { flow: outcome.result as Flow, again, ends }
}

test('a call whose body gives on the stream of another guarded call runs as long as that flows', async () => {
  const inner = await open(pay)
  const outer = await open(() => inner.flow)
  await outer.flow.next()
  expect(await outer.again()).toMatchObject({ status: 'unavailable' })
  expect([...outer.ends(), ...inner.ends()]).not.toContain('done')
  for await (const _ of outer.flow);
  expect([outer.ends(), inner.ends()].map((ends) => ends.includes('done'))).toEqual([true, true])
  expect(await outer.again()).toMatchObject({ status: 'done', result: { paid: 50 } })
})
