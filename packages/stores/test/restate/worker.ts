import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { guardOn, journal, pay } from '../approvals/guarded-world.ts'
import { verifiedUser } from '../approvals/verified-user.ts'
import { hastened, hastenTimers } from '../hastened-store.ts'
import { openTarget, type Target } from '../targets.ts'
import { type Context, sdk } from './engine.ts'

/** Where the first process dies. */
export type Moment = 'asked' | 'answered' | 'approved' | 'body'

const [target, directory, port, moment] = process.argv.slice(2).map((one) => JSON.parse(one)) as [
  Target,
  string,
  number,
  Moment | 'never',
]
hastenTimers()
const { note, count } = journal(directory)
const dieNow = () => {
  process.kill(process.pid, 'SIGKILL')
  return new Promise<never>(() => {})
}
const store = hastened(await openTarget(target))
const guard = guardOn(
  store,
  directory,
  async (isWrite, next) => {
    const isAnswered = count('approved', 'Pay 7') > 0
    if (isWrite && isAnswered && moment === 'answered') await dieNow()
    const result = await next()
    if (isWrite && isAnswered && moment === 'approved') await dieNow()
    return result
  },
  () => existsSync(join(directory, 'yes')),
)

async function order(): Promise<string> {
  note('ran', '7')
  if (moment === 'body') await dieNow()
  return 'ordered'
}

const { service, serve } = sdk()
const agent = service({
  name: 'agent',
  handlers: {
    async order(context: Context, input: { readonly amount: number }) {
      // The same after a crash, so the guard knows the call again.
      const slot = context.rand.uuidv4()
      for (;;) {
        const outcome = await context.run('order', async () => {
          const identity = await verifiedUser()
          const one = await guard.run(pay, { tool: 'pay', slot, input, identity }, order)
          // Restate calls again.
          if (one.status === 'unavailable') throw new Error(one.message)
          return one.status === 'done'
            ? { status: one.status, result: one.result }
            : { status: one.status, code: 'code' in one ? one.code : '' }
        })
        if (outcome.status !== 'interrupted') return outcome
        await context.sleep(200)
      }
    },
  },
})
await serve({ services: [agent], port })
process.send?.('ready')
