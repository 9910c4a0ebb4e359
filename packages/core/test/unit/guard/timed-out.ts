import { expect } from 'vitest'
import type { Store } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { smallWorld, writes } from './small-world.ts'

/** A body that says that it has begun, and waits until it may end. */
export function waiting(result: string) {
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const waits = async () => {
    begun.resolve()
    await ended.promise
    return result
  }
  return { waits, began: begun.promise, end: () => ended.resolve() }
}

/** The store of a caller that leaves as soon as a run is written, if `leave` aborts it. */
export const leavesAtWrite = (store: Store, leave: () => void): Store =>
  tapped(store, async (operation, key, next) => {
    const done = await next()
    if (operation === 'put' && key.startsWith('run:')) leave()
    return done
  })

/**
 * A write whose caller leaves while its body runs. Its body goes on, and returns; its caller does not get the result, even
 * if it waits for it.
 */
export async function timedOut(rules = writes, result: unknown = 'paid') {
  const world = smallWorld()
  const behalf = world.guard({ store: world.store })
  if (rules !== writes) {
    await behalf.run(rules, world.call(), () => 'never')
    world.answers({ status: 'approved' })
    world.clock.advance(6)
  }
  const controller = new AbortController()
  const { waits, began, end } = waiting(result as string)
  const run = behalf.run(rules, world.call({ signal: controller.signal }), waits)
  const running = expect(run).rejects.toThrow('the tool timed out')
  await began
  controller.abort(new DOMException('the tool timed out', 'TimeoutError'))
  const bodies: string[] = []
  const body = (name: string) => () => {
    bodies.push(name)
    return name
  }
  return { ...world, behalf, running, end, bodies, body }
}
