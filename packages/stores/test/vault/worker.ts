import { flushCompileCache } from 'node:module'
import { openStore } from '../approvals/guarded-world.ts'
import { hastened } from '../hastened-store.ts'
import type { Target } from '../worker.ts'
import { ask, link, type Upstream, vaultOn } from './vault-on.ts'

/** What a process is to do now. */
export type Task =
  | { readonly kind: 'link' }
  /** So many calls at once, so many milliseconds from now. `dies`: by its own SIGKILL, once the provider has answered. */
  | { readonly kind: 'ask'; readonly calls: number; readonly offset: number; readonly dies?: boolean }

const [target, upstream] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [Target, Upstream]
let offset = 0
let dies = false
const vault = vaultOn(hastened(await openStore(target)), upstream, {
  offset: () => offset,
  fetch: async (input, init) => {
    const response = await fetch(input, init)
    if (dies && String(init?.body).includes('grant_type=refresh_token')) {
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => {})
    }
    return response
  },
})
// Now, since who is killed leaves nothing.
flushCompileCache()

async function work(task: Task): Promise<readonly string[]> {
  if (task.kind === 'link') return [await link(vault)]
  offset = task.offset
  dies = task.dies === true
  return ask(vault, task.calls)
}

process.on('message', (task: Task) => {
  work(task).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.([String(error)]),
  )
})
process.send?.('ready')
