import type { CommandOf } from './commands.ts'
import type { World } from './world.ts'

/** What a deploy of a lower ceiling takes away. */
const CLOSED_BY_CEILING = ['pay', 'look', 'send'] as const

/** At last, `ann` asks herself. */
const nextApprover = { carol: 'dave', dave: 'ann', ann: 'carol' } as const

/** Calls that are under way keep the rules that they began with; the next ones have the new ones. */
export function deploy(world: World, { process, change }: CommandOf<'deploy'>): void {
  const now = world.deployed[process]
  if (now === undefined) return
  world.tell({ kind: 'trouble' })
  world.deployed[process] = {
    ...now,
    ...(change === 'limit' && { limit: now.limit === 100 ? 600 : 100 }),
    ...(change === 'approver' && { approver: nextApprover[now.approver] }),
    ...(change === 'time limit' && { timeoutMs: now.timeoutMs === 10_000 ? 9_000 : 10_000 }),
    ...(change === 'version' && { version: now.version + 1 }),
    ...(change === 'role' && { role: now.role === undefined ? 'treasurer' : undefined }),
    ...(change === 'ceiling' && { beyondCeiling: now.beyondCeiling.length === 0 ? CLOSED_BY_CEILING : [] }),
  }
  // A guard has one ceiling for its life.
  if (change === 'ceiling') world.kill(process)
}

export function setClock(world: World, { process, seconds }: CommandOf<'set the clock'>): void {
  world.process(process).skewMs = seconds * 1000
  tellClocks(world)
}

export function tellClocks(world: World): void {
  world.tell({ kind: 'trouble' })
  const skews = [0, world.issuer.skewSeconds, ...world.alive().map(({ skewMs }) => skewMs / 1000)]
  world.tell({ kind: 'clocks', error: Math.max(...skews) - Math.min(...skews) })
}

export function mislead(world: World, { fault }: CommandOf<'mislead'>): void {
  if (fault === 'provider refuses' || fault === 'provider html') {
    world.provider.faults.push(fault)
    return
  }
  world.issuer.faults.push(fault)
}
