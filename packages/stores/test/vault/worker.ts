import { flushCompileCache } from 'node:module'
import type { StoredVault } from '@behalf/core/vault'
import { hastened } from '../hastened-store.ts'
import { openTarget, type Target } from '../targets.ts'
import { ask, disconnect, link, type Upstream, vaultOn } from './vault-on.ts'

/** What a process is to do now, at which upstream. */
export type Task =
  | { readonly kind: 'link' | 'reseal' | 'disconnect'; readonly at: Upstream }
  /**
   * So many calls at once, so many milliseconds from now. `hastened`: leases end soon, for those who wait for a dead
   * process's. `dies`: by its own SIGKILL, once the provider has answered.
   */
  | {
      readonly kind: 'ask'
      readonly at: Upstream
      readonly calls: number
      readonly offset: number
      readonly hastened?: boolean
      readonly dies?: boolean
    }

const [target] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [Target]
const store = await openTarget(target)
const soon = hastened(store)
let offset = 0
let dies = false
const vaults = new Map<string, StoredVault>()

function vaultAt(upstream: Upstream, isHastened: boolean): StoredVault {
  const name = JSON.stringify([upstream, isHastened])
  const vault =
    vaults.get(name) ??
    vaultOn(isHastened ? soon : store, upstream, {
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
  vaults.set(name, vault)
  return vault
}
// Now, since who is killed leaves nothing.
flushCompileCache()

async function work(task: Task): Promise<readonly string[]> {
  offset = task.kind === 'ask' ? task.offset : 0
  if (task.kind !== 'ask') {
    const vault = vaultAt(task.at, false)
    if (task.kind === 'link') return [await link(vault)]
    if (task.kind === 'disconnect') return disconnect(vault)
    return (await vault.reseal()).unreadable
  }
  dies = task.dies === true
  return ask(vaultAt(task.at, task.hastened === true), task.calls)
}

process.on('message', (task: Task) => {
  work(task).then(
    (done) => process.send?.(done),
    (error: unknown) => process.send?.([String(error)]),
  )
})
process.send?.('ready')
