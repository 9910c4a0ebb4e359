import type { ApprovalView, Operator } from '../../src/index.ts'
import { actorOf } from './actor-of.ts'
import type { AppProcess } from './app-process.ts'
import { type CommandOf, chosenFrom } from './commands.ts'
import { ISSUER, principalOf } from './issuer.ts'
import type { World } from './world.ts'

export async function revoke(world: World, process: AppProcess, { who, what }: CommandOf<'revoke'>): Promise<void> {
  const { session } = world.people.login(who).caller
  await process.guard.revoke({ issuer: ISSUER, ...(what === 'subject' ? principalOf(who) : { session }) })
  world.tell({ kind: 'revoked', ...(what === 'subject' ? { subject: who } : { session }) })
}

export async function resolve(world: World, process: AppProcess, command: CommandOf<'resolve'>): Promise<void> {
  const theirs = world.inDoubt.filter(({ owner }) => command.ofAnybody || owner === command.who)
  const chosen = chosenFrom(theirs, command.which)
  if (chosen === undefined) return
  const { identity, caller: by } = await actorOf(world, process, command.who, command.proof)
  const what = command.what === 'ran' ? 'ran' : 'did not run'
  const happened = { kind: 'resolved', key: chosen.key, what, by, calledAt: world.scheduler.now / 1000 } as const
  world.tell({ ...happened, isSure: false })
  const view = await process.guard.approvals.resolve(chosen.run, command.what, { identity })
  if (holds(view, what)) world.tell({ ...happened, isSure: true })
}

/** Of two that say different things at once, one holds. The view of the run tells which. Perhaps it asks again now. */
const holds = (view: ApprovalView | undefined, what: 'ran' | 'did not run'): boolean =>
  what === 'ran' ? view?.run === 'completed' : view?.state === 'approved' || view?.state === 'open'

export async function cancel(world: World, process: AppProcess, command: CommandOf<'cancel'>): Promise<void> {
  const { who, which, ofAnybody } = command
  const theirs = world.asked.filter(({ owner }) => ofAnybody || owner === who)
  const chosen = chosenFrom(theirs, which)
  if (chosen === undefined) return
  const { identity, caller: by } = await actorOf(world, process, who, 'login')
  const calledAt = world.scheduler.now / 1000
  const view = await process.guard.approvals.cancel(chosen.id, { identity })
  if (view?.state === 'cancelled') world.tell({ kind: 'cancelled', question: chosen.id, by, calledAt })
}

/** @returns the owner of the run that was resolved. */
async function resolveAs(
  operator: Operator,
  world: World,
  { which, what }: CommandOf<'operate'>,
): Promise<string | undefined> {
  const chosen = chosenFrom(world.inDoubt, which)
  if (chosen === undefined) return undefined
  const calledAt = world.scheduler.now / 1000
  const said = what === 'ran' ? 'ran' : 'did not run'
  const happened = { kind: 'resolved', key: chosen.key, what: said, calledAt } as const
  world.tell({ ...happened, isSure: false })
  const view = await operator.resolve(chosen.run, what)
  if (holds(view, said)) world.tell({ ...happened, isSure: true })
  return view === undefined ? undefined : chosen.owner
}

/** What the app's own code does without a user. Each act has an operator of its own. */
export async function operate(world: World, process: AppProcess, command: CommandOf<'operate'>): Promise<void> {
  const { act, who, which } = command
  const name = `operator-${world.nextOperator()}`
  const operator = process.guard.asOperator({ name })
  const calledAt = world.scheduler.now / 1000
  const acted = (did: string) => {
    world.saw(`operator: ${act}`)
    world.tell({ kind: 'operator acted', operator: name, what: did })
  }
  switch (act) {
    case 'revoke the user':
    case 'revoke the session': {
      const { session } = world.people.login(who).caller
      const isUser = act === 'revoke the user'
      await operator.revoke({ issuer: ISSUER, ...(isUser ? principalOf(who) : { session }) })
      world.tell({ kind: 'revoked', ...(isUser ? { subject: who } : { session }) })
      acted(`revoked ${who}`)
      return
    }
    case 'resolve': {
      const owner = await resolveAs(operator, world, command)
      if (owner !== undefined) acted(`resolved a run of ${owner}`)
      return
    }
    case 'cancel': {
      const chosen = chosenFrom(world.asked, which)
      if (chosen === undefined) return
      const view = await operator.cancel(chosen.id)
      if (view === undefined) return
      if (view.state === 'cancelled') world.tell({ kind: 'cancelled', question: chosen.id, calledAt })
      acted(`cancelled a question of ${chosen.owner}`)
      return
    }
    default:
      act satisfies never
  }
}
