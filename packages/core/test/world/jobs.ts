import { actorOf } from './actor-of.ts'
import type { AppProcess } from './app-process.ts'
import type { CommandOf } from './commands.ts'
import type { World } from './world.ts'

export async function createJob(
  world: World,
  process: AppProcess,
  { who, proof }: CommandOf<'create a job'>,
): Promise<void> {
  const { identity, caller } = await actorOf(world, process, who, proof)
  const calledAt = world.scheduler.now / 1000
  const expiresAt = Math.floor(process.now() / 1000) + 30 * 24 * 3600
  const { id } = await process.guard.delegations.create({ identity, tools: ['memo', 'note', 'pay'], expiresAt })
  world.jobs.push({ id, owner: who, provenAt: caller.provenAt, session: caller.session })
  world.tell({ kind: 'job created', job: id, by: caller, calledAt })
}

export async function endJob(world: World, process: AppProcess, { who }: CommandOf<'end a job'>): Promise<void> {
  const job = world.jobs.findLast(({ owner }) => owner === who)
  if (job === undefined) return
  const { identity } = await actorOf(world, process, who, 'login')
  if ((await process.guard.delegations.revoke(job.id, { identity })) === 'revoked') {
    world.tell({ kind: 'job ended', job: job.id })
  }
}
