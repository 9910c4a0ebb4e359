import type { Actor, AppProcess } from './app-process.ts'
import type { CommandOf } from './commands.ts'
import { personOf } from './issuer.ts'
import type { KeptSession, World } from './world.ts'

/** Who a kept session is now, as the app asks at each request. @throws Error The person has to log in again. */
export async function servedBy(world: World, process: AppProcess, { kept, id, caller }: KeptSession): Promise<Actor> {
  const calledAt = world.scheduler.now / 1000
  const answer = await process.sessions.identity(id)
  world.saw(`session: ${answer.status}`)
  if (answer.status !== 'verified') throw new Error(`the session ${kept} serves no more`)
  const { identity } = answer
  world.tell({ kind: 'session served', kept, by: caller, subject: personOf(identity), calledAt })
  return { identity, caller }
}

/** The app keeps a login. */
export async function keepSession(
  world: World,
  process: AppProcess,
  command: CommandOf<'keep a session'>,
): Promise<void> {
  const { caller, response } = world.people.toKeep(command.who, command.isOld)
  const calledAt = world.scheduler.now / 1000
  const { id } = await process.sessions.create(response)
  const kept = `kept-${world.kept.length + 1}`
  world.kept.push({ kept, id, caller })
  world.tell({ kind: 'token issued', token: id })
  world.tell({ kind: 'session kept', kept, by: caller, calledAt })
}

export async function signOut(world: World, process: AppProcess, { who }: CommandOf<'sign out'>): Promise<void> {
  const found = world.kept.findLast(({ caller }) => caller.subject === who)
  if (found === undefined) return
  await process.sessions.end(found.id)
  world.saw('session: ended')
  world.tell({ kind: 'session ended', kept: found.kept })
}
