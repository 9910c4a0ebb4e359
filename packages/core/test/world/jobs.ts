import { actorOf } from './actor-of.ts'
import type { AppProcess } from './app-process.ts'
import { type CommandOf, jobBounds } from './commands.ts'
import type { World } from './world.ts'

export async function createJob(
  world: World,
  process: AppProcess,
  { who, proof, bounds, hasTokens }: CommandOf<'create a job'>,
): Promise<void> {
  const { identity, caller } = await actorOf(world, process, who, proof)
  const agreed = jobBounds[bounds]
  // A login for this job alone: its refresh token is good for one use.
  const { refresh_token: refreshToken = '' } = hasTokens ? world.people.toKeep(who, false).response : {}
  const calledAt = world.scheduler.now / 1000
  const expiresAt = Math.floor(process.now() / 1000) + 30 * 24 * 3600
  const login = hasTokens ? { refreshToken } : {}
  const { id } = await process.guard.delegations.create({ identity, ...agreed, expiresAt, ...login })
  world.jobs.push({ id, owner: who, provenAt: caller.provenAt, session: caller.session })
  world.tell({ kind: 'job created', job: id, by: caller, ...agreed, calledAt })
}

export async function endJob(
  world: World,
  process: AppProcess,
  { who, ofAnybody }: CommandOf<'end a job'>,
): Promise<void> {
  const job = world.jobs.findLast(({ owner }) => ofAnybody || owner === who)
  if (job === undefined) return
  const { identity, caller: by } = await actorOf(world, process, who, 'login')
  if ((await process.guard.delegations.revoke(job.id, { identity })) === 'revoked') {
    world.tell({ kind: 'job ended', job: job.id, by })
  }
}
