import { smallWorld, writes } from './small-world.ts'

/** A write whose caller leaves while its body runs. Its body goes on, and returns. */
export async function timedOut(rules = writes, result: unknown = 'paid') {
  const world = smallWorld()
  const behalf = world.guard({ store: world.store })
  if (rules !== writes) {
    await behalf.run(rules, world.call(), () => 'never')
    world.answers({ status: 'approved' })
    world.clock.advance(6)
  }
  const controller = new AbortController()
  const began = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const running = behalf.run(rules, world.call({ signal: controller.signal }), async () => {
    began.resolve()
    await end.promise
    return result as string
  })
  await began.promise
  controller.abort(new DOMException('the tool timed out', 'TimeoutError'))
  const bodies: string[] = []
  const body = (name: string) => () => {
    bodies.push(name)
    return name
  }
  return { ...world, behalf, running, end: end.resolve, bodies, body }
}
