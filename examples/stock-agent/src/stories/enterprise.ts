import {
  type AuditEvent,
  createGuard,
  type Guard,
  memoryStore,
  type Outcome,
  policy,
  resource,
  type UserIdentity,
} from '@behalf/core'
import { idJag } from '@behalf/core/enterprise'
import { auth0, oidc } from '@behalf/core/providers'
import { roleMap } from '@behalf/core/roles'
import { login } from '../login.ts'
import type { Part, Stage } from '../stage.ts'
import { API, inputs } from '../tools.ts'
import { agentClient, type World } from '../world.ts'

/** The employer's roles, and the scopes that an agent may hold for a user with each role. */
const roles = roleMap({
  claim: 'roles',
  scopes: { intern: ['portfolio:read'], trader: ['portfolio:read', 'trade:small'] },
})

/** Opens an agent of the employer: people sign in there, and the API trusts that issuer. */
function openOffice(world: World) {
  const { target, clock, wire } = world
  const { enterprise } = target
  if (enterprise === undefined) throw new TypeError('this world has no employer')
  const { clientId, clientSecret, redirectUri } = agentClient(target)
  const { fetch } = wire
  const employer = oidc({
    issuer: enterprise.issuer,
    clientId,
    clientSecret,
    target: 'audience',
    algorithms: ['RS256'],
  })
  const { host } = new URL(target.authorizationServer.issuer)
  const through = idJag({ authorizationServer: auth0({ domain: host, clientId, clientSecret }) })
  const audit = world.audit as AuditEvent[]
  const guard = createGuard({
    authorizationServer: employer,
    agent: { name: target.agentName, ceiling: ['portfolio:read', 'trade:small'] },
    roles,
    audit: { write: (event) => void audit.push(event) },
    clock,
    fetch,
  })
  const policies = {
    get_portfolio: policy(inputs.get_portfolio, {
      access: { trade: resource(`${API}/`, { scopes: ['portfolio:read'], through }) },
    }),
    create_order: policy(inputs.create_order, {
      effect: 'write',
      access: { trade: resource(`${API}/`, { scopes: ['trade:small'], through }) },
    }),
  }
  const signIn = async (subject: string): Promise<UserIdentity> => {
    await enterprise.controls.signInAs(subject)
    const audience = target.agentResource
    const options = { authorizationServer: employer, redirectUri, audience, store: memoryStore(), clock, fetch }
    // Logs in to get the id_token, by which the employer asserts a user.
    return (await login(options)).user
  }
  return { guard, policies, signIn, controls: enterprise.controls }
}

type Office = ReturnType<typeof openOffice>

const look = (guard: Guard, { policies }: Office, identity: UserIdentity, portfolio: string, slot: string) =>
  guard.run(
    policies.get_portfolio,
    { tool: 'get_portfolio', slot, input: { portfolio }, identity },
    async (input, { access }) => (await access.trade.fetch(`${API}/portfolios/${input.portfolio}`)).status,
  )

const trade = (guard: Guard, { policies }: Office, identity: UserIdentity, portfolio: string, slot: string) =>
  guard.run(
    policies.create_order,
    { tool: 'create_order', slot, input: { portfolio, side: 'buy', symbol: 'AAPL', quantity: 5 }, identity },
    async (input, { access, idempotencyKey }) => {
      const response = await access.trade.fetch(`${API}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(input),
      })
      return response.status
    },
  )

export const employees: Part = {
  title: 'Enterprise: an employee’s agent, and an intern’s',
  lead: 'People sign in at their employer’s. The employer’s assertion (ID-JAG) gets the agent a token at the exchange’s own issuer.',
  async run(stage) {
    const { world, checks } = stage
    const office = openOffice(world)
    const { ann } = world.target.users
    const { guard, controls } = office
    await controls.changeUser(ann.enterpriseSubject, { roles: ['trader'] })
    const trader = await office.signIn(ann.enterpriseSubject)
    stage.printer.field('login', `${trader.subject} at ${trader.issuer}, role ${String(trader.claims.roles)}`)

    const seen = await show(stage, 'looks at her portfolio', () => look(guard, office, trader, ann.portfolio, 'e-1'))
    checks.equal('the exchange accepts the call', [endOf(seen), statusOf(seen)], ['done', 200])
    const token = world.wire.apiRequests.at(-1)?.token
    checks.equal(
      'the two issuers have different subjects for her',
      [trader.subject, token?.subject],
      [ann.enterpriseSubject, ann.subject],
    )
    checks.equal('the token names the agent', token?.actors, [world.target.agentName])
    const bought = await show(stage, 'buys 5 shares', () => trade(guard, office, trader, ann.portfolio, 'e-2'))
    checks.equal('a trader’s agent may trade', [endOf(bought), statusOf(bought)], ['done', 201])

    await controls.changeUser(ann.enterpriseSubject, { roles: ['intern'] })
    const intern = await office.signIn(ann.enterpriseSubject)
    stage.printer.field('login', `${intern.subject} again, role ${String(intern.claims.roles)}`)
    const before = world.wire.apiRequests.length
    const looked = await show(stage, 'looks', () => look(guard, office, intern, ann.portfolio, 'e-3'))
    checks.equal('an intern’s agent may read', endOf(looked), 'done')
    const tried = await show(stage, 'tries to buy', () => trade(guard, office, intern, ann.portfolio, 'e-4'))
    checks.equal('an intern’s agent may not trade', endOf(tried), 'role_missing')
    checks.equal('the refused order sent no request', world.wire.apiRequests.length, before + 1)

    await controls.changeUser(ann.enterpriseSubject, { email: 'contractor@elsewhere.example' })
    const stranger = await office.signIn(ann.enterpriseSubject)
    const body = { error: 'insufficient_user_authentication', acr_values: 'urn:behalf:acr:otp', max_age: 300 }
    world.clock.forward(3600)
    const again = await office.signIn(ann.enterpriseSubject)
    await controls.fault('token', { status: 400, body })
    const weak = await show(stage, 'looks, signed in too weakly', () =>
      look(guard, office, again, ann.portfolio, 'e-5'),
    )
    checks.equal('the employer may require a stronger login', endOf(weak), 'step_up_required')
    const unknown = await show(stage, 'looks', () => look(guard, office, again, ann.portfolio, 'e-6'))
    checks.equal('a user whom the exchange does not know is refused', endOf(unknown), 'not_permitted')
    checks.equal(
      'a login that is too old is refused',
      endOf(await look(guard, office, stranger, ann.portfolio, 'e-7')),
      'login_required',
    )
  },
}

async function show(
  { printer, world }: Stage,
  what: string,
  take: () => Promise<Outcome<number>>,
): Promise<Outcome<number>> {
  const audited = world.audit.length
  const requested = world.wire.apiRequests.length
  printer.line()
  printer.field('employee', what, 'cyan')
  const outcome = await take()
  for (const request of world.wire.apiRequests.slice(requested)) printer.apiRequest(request)
  printer.trace(outcome.trace)
  printer.audit(world.audit.slice(audited))
  return outcome
}

function endOf(outcome: Outcome<number>): string {
  if (outcome.status === 'denied') return outcome.code
  return outcome.status === 'interrupted' ? outcome.interrupt.kind : outcome.status
}

const statusOf = (outcome: Outcome<number>): unknown => (outcome.status === 'done' ? outcome.result : undefined)
