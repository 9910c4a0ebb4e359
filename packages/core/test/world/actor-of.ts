import type { UserIdentity } from '../../src/index.ts'
import type { Actor, AppProcess } from './app-process.ts'
import type { Proof } from './commands.ts'
import { servedBy } from './sessions.ts'
import { kindOf } from './tools.ts'
import type { World } from './world.ts'

/** Who acts by this proof. */
export async function actorOf(world: World, process: AppProcess, who: string, proof: Proof): Promise<Actor> {
  if (proof === 'job') {
    const job = world.jobs.findLast(({ owner }) => owner === who)
    if (job === undefined) return actorOf(world, process, who, 'login')
    const identity = await process.guard.delegations.identity(job.id)
    const { provenAt, session, id } = job
    return {
      identity,
      caller: { subject: who, kind: `job ${id}`, client: identity.clientId ?? '', session, provenAt, job: id },
    }
  }
  if (proof === 'kept') {
    const kept = world.kept.findLast(({ caller }) => caller.subject === who)
    return kept === undefined ? actorOf(world, process, who, 'login') : servedBy(world, process, kept)
  }
  const login =
    proof === 'agent' || proof === 'mobile'
      ? world.people.foreign(who, proof)
      : world.people.login(who, proof === 'login' ? 'newest' : 'oldest')
  const identity: UserIdentity = await process.verify(login)
  if (kindOf(identity) !== login.caller.kind) throw new Error('the identity is not that of its token')
  return { identity, caller: login.caller }
}
