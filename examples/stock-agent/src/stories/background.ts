import type { GuardWithDelegations, UserIdentity } from '@behalf/core'
import { DelegationError } from '@behalf/core/delegations'
import { endOf } from '../outcomes.ts'
import { scriptedPerson } from '../person.ts'
import type { Actor, Part, Stage } from '../stage.ts'

const HOUR = 3600
const DAY = 24 * HOUR

/** Signs the user in once, and makes the delegation that the user agrees to. */
async function agree(stage: Stage, days: number): Promise<{ readonly id: string; readonly ann: Actor }> {
  const { world, printer } = stage
  const user = world.target.users.ann
  let refreshToken = ''
  const session = await world.signIn(user, (token) => {
    refreshToken = token
  })
  const { id } = await world.guard.delegations.create({
    identity: session.identity as UserIdentity,
    tools: ['create_order', 'list_orders'],
    scopes: ['trade:write', 'trade:small', 'portfolio:read'],
    limit: { uses: 1, windowSeconds: DAY },
    expiresAt: world.clock.now() / 1000 + days * DAY,
    refreshToken,
  })
  printer.field('agrees', `${user.subject}: ${world.target.agentName} may rebalance once a day, for ${days} days`)
  return { id, ann: { user, session } }
}

/** Prints the start of the nightly job, and returns the identity for which it runs. */
async function nightly({ world, printer }: Stage, id: string): Promise<Actor> {
  const audited = world.audit.length
  const identity = await world.guard.delegations.identity(id)
  printer.line()
  const user = world.target.users.ann
  printer.field('job', `acts for ${identity.subject}, by a delegation, until ${clockTime(identity.expiresAt ?? 0)}`)
  printer.audit(world.audit.slice(audited))
  return { user, session: { identity, user: identity } }
}

const clockTime = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(11, 16)

export const backgroundWork: Part = {
  title: 'Background: a nightly rebalance',
  lead: 'Ann agrees while she is here. At night, her session has ended. The job uses the delegation, and still asks her.',
  async run(stage) {
    const { checks, world } = stage
    const { id, ann } = await agree(stage, 30)
    world.clock.forward(9 * HOUR)
    const asleep = await stage.converse(ann, 'night').say('Buy 5 shares of AAPL')
    checks.equal('her own session has ended', endOf(asleep), 'login_required')

    const job = await nightly(stage, id)
    const before = await stage.orderCount(job.user)
    const talk = stage.converse(job, 'rebalance', scriptedPerson('approve'))
    const small = await talk.say('Buy 5 shares of AAPL')
    checks.equal('a small order needs no approval', endOf(small), 'done')
    const order = await talk.say('Sell 20 shares of MSFT')
    checks.equal('a large order asks on her phone', order.outcomes[0]?.status, 'interrupted')
    checks.equal('once', talk.phone.questions.length, 1)
    checks.equal('the large order ran after the approval', endOf(order), 'done')
    checks.equal('two orders were placed', (await stage.orderCount(job.user)) - before, 2)
    checks.equal('the audit names the delegation', world.audit.at(-1)?.principal?.delegationId, id)
    const who = await talk.say('Who am I?')
    checks.equal('a tool outside the delegation is refused', endOf(who), 'delegation_exceeded')
  },
}

export const endsOfADelegation: Part = {
  title: 'Background: what ends it',
  lead: 'Each refusal has its own code. A job that may not begin gets no identity.',
  async run(stage) {
    const { checks, world } = stage
    const { guard, clock, target } = world
    const { id, ann } = await agree(stage, 2)
    checks.equal('an invented id is unknown', await refusalOf(guard, 'made-up'), 'unknown')
    checks.equal('another agent', await refusalOf(world.guardOf('agent:gossip'), id), 'other_agent')
    const job = await nightly(stage, id)
    checks.equal('a second use in one night is refused', await refusalOf(guard, id), 'used_up')
    const identity = ann.session?.identity as UserIdentity
    checks.equal('the user revokes the delegation', await guard.delegations.revoke(id, { identity }), 'revoked')
    checks.equal('the next night, it is revoked', await refusalOf(guard, id), 'revoked')
    const late = await stage.converse(job, 'late').say('Buy 5 shares of AAPL')
    checks.equal('a running job is refused too', endOf(late), 'revoked')
    const { id: other } = await agree(stage, 1)
    clock.forward(DAY)
    checks.equal('an expired delegation is refused', await refusalOf(guard, other), 'expired')
    const third = await agree(stage, 1)
    await target.authorizationServer.controls.revokeRefreshTokens(third.ann.user.subject)
    checks.equal('a login that the issuer ended is refused', await refusalOf(guard, third.id), 'login_required')
  },
}

async function refusalOf(guard: GuardWithDelegations, id: string): Promise<string> {
  try {
    await guard.delegations.identity(id)
    return 'none'
  } catch (error) {
    return error instanceof DelegationError ? error.reason : String(error)
  }
}
