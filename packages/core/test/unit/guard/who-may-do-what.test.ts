import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { delegations } from '../../../src/entrypoints/delegations.ts'
import { verifyIdToken } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import {
  createGuard,
  type Identity,
  type Json,
  memoryStore,
  policy,
  type UserIdentity,
  verifyAccessToken,
} from '../../../src/index.ts'
import { inAppApprovals } from '../../../src/runs/channels/in-app-approvals.ts'
import { inAppInbox } from '../../../src/runs/channels/in-app-inbox.ts'
import type { AccountLinker } from '../../../src/vault/account-linker.ts'
import { connectAccounts } from '../../../src/vault/pages/connect-accounts.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { schema } from './small-world.ts'

const ORIGIN = 'https://app.example'
const AUDIENCE = 'https://agent.example/'
const clock = testClock()
const issuer = await mockIssuer('https://issuer.example', () => clock.now())
useMsw(...issuer.handlers)

const profile = oidc({ issuer: issuer.issuer, clientId: 'agent-app', clientSecret: 's', algorithms: ['ES256'] })
const whenever = policy(schema, { effect: 'write' })
const asks = policy(schema, { approval: { message: ({ input }) => `Pay ${input.amount}` } })
const seen = policy(schema, {})

/** An access token of ann's, as this process verifies it. */
async function verified(claims: object = {}, authorizationServer = profile): Promise<Identity> {
  const token = await issuer.sign({ ...accessTokenClaims, aud: AUDIENCE, ...claims })
  return verifyAccessToken(token, { authorizationServer, audience: AUDIENCE, clock })
}

async function loggedIn(): Promise<UserIdentity> {
  const idToken = await issuer.sign({ sub: 'ann', aud: 'agent-app' }, { typ: 'JWT' })
  return verifyIdToken(idToken, { authorizationServer: profile, clock })
}

function world() {
  const store = memoryStore({ clock })
  const guard = createGuard({
    delegations: delegations(),
    authorizationServer: profile,
    agent: { name: 'agent:payer' },
    approvals: inAppApprovals(),
    store,
    clock,
  })
  const linked: string[] = []
  const account = { connection: 'crm', id: 'a-1', scopes: [], status: 'connected' } as const
  const linker: AccountLinker = {
    specificationVersion: 1,
    available: async () => [],
    list: async () => [],
    connect: async () => {
      linked.push('connect')
      return { status: 'started', url: 'https://crm.example/', state: 's', expiresInSeconds: 60 }
    },
    complete: async () => {
      linked.push('complete')
      return { status: 'connected', account }
    },
    disconnect: async () => {
      linked.push('disconnect')
      return { status: 'disconnected', revoked: true }
    },
  }
  let amount = 0
  /** A run of its own for each caller. */
  const run = (rules: typeof asks | typeof whenever | typeof seen, identity: Identity, body: () => Promise<Json>) =>
    guard.run(rules, { tool: 'pay', slot: `slot-${++amount}`, input: { amount }, identity }, body)
  const asked = async (identity: Identity): Promise<string> => {
    const outcome = await run(asks, identity, async () => 'ran')
    return outcome.status === 'interrupted' ? outcome.interrupt.id : ''
  }
  /** A write whose process died in its body. @returns the id by which its outcome is told. */
  const crashed = async (identity: Identity): Promise<string> => {
    const began = Promise.withResolvers<void>()
    const mine = `${amount + 1}`
    void run(whenever, identity, () => {
      began.resolve()
      return new Promise<never>(() => {})
    })
    await began.promise
    clock.advance(3600)
    const again = await guard.run(
      whenever,
      { tool: 'pay', slot: `slot-${mine}`, input: { amount: Number(mine) }, identity: await fresh(identity) },
      async () => 'again',
    )
    return again.trace.approvalId ?? ''
  }
  /** The same caller, an hour later. */
  const fresh = async (identity: Identity): Promise<Identity> => {
    const { sub, act, client_id } = identity.claims as Record<string, string>
    return verified({ sub, client_id, ...(act !== undefined && { act }) })
  }
  const connections = (identity: Identity) =>
    connectAccounts({ linker, identityOf: () => identity, baseUrl: `${ORIGIN}/connections`, store, clock })
  const inbox = (identity: Identity) => inAppInbox({ store, clock, identityOf: () => identity })
  const job = async (): Promise<UserIdentity> => {
    const { id } = await guard.delegations.create({
      identity: await loggedIn(),
      tools: ['pay'],
      expiresAt: clock.now() / 1000 + 86_400,
    })
    return guard.delegations.identity(id)
  }
  return { guard, store, run, asked, crashed, connections, inbox, job, linked }
}
type World = ReturnType<typeof world>

const ACTOR = { act: { sub: 'agent:payer' } }
const callers: Readonly<Record<string, (world: World) => Promise<Identity>>> = {
  'present user': () => verified(),
  'present user, by an id_token': () => loggedIn(),
  'agent acting for a user': () => verified(ACTOR),
  'client that is not interactive': () => verified({ client_id: 'other-app' }),
  'job under a delegation': ({ job }) => job(),
  'agent itself': () => verified({ sub: 'agent-app' }),
}
const isPresent = (caller: string) => caller.startsWith('present user')
const names = Object.keys(callers)
const present = names.filter(isPresent)
const others = names.filter((name) => !isPresent(name))
const caller = (name: string, world: World): Promise<Identity> =>
  (callers[name] as (world: World) => Promise<Identity>)(world)

const post = (path: string, body: object) =>
  new Request(`${ORIGIN}${path}`, {
    method: 'POST',
    headers: { origin: ORIGIN, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test.each(names)('%s runs a tool', async (name) => {
  const target = world()
  const outcome = await target.run(seen, await caller(name, target), async () => 'ran')
  expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
})

describe('answering', () => {
  const check = async (name: string) => {
    const target = world()
    const id = await target.asked(await verified())
    const user = target.inbox(await verified())
    const { questions } = (await (await user(new Request(`${ORIGIN}/inbox`))).json()) as {
      questions: { answerToken: string }[]
    }
    const answerToken = questions[0]?.answerToken ?? ''
    const inbox = target.inbox(await caller(name, target))
    const status = isPresent(name) ? 200 : 401
    expect((await inbox(new Request(`${ORIGIN}/inbox`))).status).toBe(status)
    expect((await inbox(post('/inbox', { id, answer: 'approve', answerToken }))).status).toBe(status)
    const view = await target.guard.approvals.get(id, { identity: await verified() })
    expect(view).toMatchObject({ state: isPresent(name) ? 'approved' : 'open' })
    const asApprover = { identity: await caller(name, target), as: 'approver' } as const
    const other = await target.asked(await verified())
    expect((await target.guard.approvals.list(asApprover)).map((each) => each.id)).toEqual(
      isPresent(name) ? [other] : [],
    )
  }
  test.each(present)('%s answers a question that names the user', check)
  test.each(others)(verifies('I10', '%s does not answer a question that names the user'), check)
})

describe('listing', () => {
  const check = async (name: string) => {
    const target = world()
    const { guard, asked } = target
    const identity = await caller(name, target)
    const own = name === 'agent itself' ? [] : [await asked(identity)]
    const others = [
      await asked(await verified()),
      await asked(await verified({ act: { sub: 'agent:other' } })),
      await asked(await verified({ client_id: 'third-app' })),
      await asked(await target.job()),
    ]
    const mine = isPresent(name) ? [...own, ...others] : own
    const listed = await guard.approvals.list({ identity, as: 'owner' })
    expect(listed.map((each) => each.id).sort()).toEqual([...mine].sort())
    for (const id of others) {
      const view = isPresent(name) ? { id } : undefined
      const [got, cancelled] = [
        await guard.approvals.get(id, { identity }),
        await guard.approvals.cancel(id, { identity }),
      ]
      if (view === undefined) expect([got, cancelled]).toEqual([undefined, undefined])
      else
        expect([got, cancelled]).toMatchObject([
          { ...view, state: 'open' },
          { ...view, state: 'cancelled' },
        ])
    }
    for (const id of own) expect(await guard.approvals.cancel(id, { identity })).toMatchObject({ state: 'cancelled' })
  }
  test.each(present)('%s lists and cancels all questions of the user', check)
  test.each(others)(verifies('I10', '%s lists and cancels its own questions only'), check)
})

describe('resolving', () => {
  const check = async (name: string) => {
    const target = world()
    const id = await target.crashed(await verified(ACTOR))
    expect(id).not.toBe('')
    const identity = await caller(name, target)
    const resolved = target.guard.approvals.resolve(id, 'did_not_run', { identity })
    if (isPresent(name)) expect(await resolved).toMatchObject({ id, state: 'approved' })
    else await expect(resolved).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    const view = await target.guard.approvals.list({ identity: await verified(), as: 'owner' })
    expect(view).toMatchObject([isPresent(name) ? { state: 'approved' } : { run: 'crashed' }])
  }
  test.each(present)('%s resolves an unknown outcome of the user', check)
  test.each(others)(verifies('I10', '%s does not resolve an unknown outcome of the user'), check)
})

describe('delegating', () => {
  const check = async (name: string) => {
    const target = world()
    const { delegations } = target.guard
    const options = { tools: ['pay'], expiresAt: clock.now() / 1000 + 60 }
    const { id } = await delegations.create({ identity: (await verified()) as UserIdentity, ...options })
    const identity = (await caller(name, target)) as UserIdentity
    const created = delegations.create({ identity, ...options })
    if (isPresent(name)) expect(await created).toMatchObject({ state: 'active' })
    else await expect(created).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    const revoked = delegations.revoke(id, { identity })
    if (isPresent(name)) expect(await revoked).toBe('revoked')
    else await expect(revoked).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
  }
  test.each(present)('%s creates and revokes a delegation', check)
  test.each(others)(verifies('I10', '%s neither creates nor revokes a delegation'), check)
})

describe('connecting', () => {
  const check = async (name: string) => {
    const target = world()
    const handler = target.connections(await caller(name, target))
    const account = { connection: 'crm', account: 'a-1' }
    const statuses = [
      (await handler(post('/connections/connect', account))).status,
      (await handler(new Request(`${ORIGIN}/connections/callback/crm?state=s&code=c`))).status,
      (await handler(post('/connections/disconnect', account))).status,
      (await handler(new Request(`${ORIGIN}/connections/accounts`))).status,
    ]
    expect(statuses).toEqual(isPresent(name) ? [200, 303, 200, 200] : [401, 401, 401, 401])
    expect(target.linked).toEqual(isPresent(name) ? ['connect', 'complete', 'disconnect'] : [])
  }
  test.each(present)('%s connects and disconnects an account', check)
  test.each(others)(verifies('I10', '%s neither connects nor disconnects an account'), check)
})

describe('the clients whose tokens say that the user is here', () => {
  test(verifies('I10', 'are those that the profile names, and its own only where it is among them'), async () => {
    const interactive = (interactiveClients: readonly string[]) =>
      oidc({
        issuer: issuer.issuer,
        clientId: 'agent-app',
        clientSecret: 's',
        algorithms: ['ES256'],
        interactiveClients,
      })
    const { guard } = world()
    const create = (identity: Identity) =>
      guard.delegations
        .create({ identity: identity as UserIdentity, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 })
        .then(
          () => 'created',
          (error: { code: string }) => error.code,
        )
    const web = interactive(['web-app'])
    expect(await create(await verified({ client_id: 'web-app' }, web))).toBe('created')
    expect(await create(await verified({}, web))).toBe('ERR_IDENTITY_REQUIRED')
    expect(await create(await verified({}, interactive(['web-app', 'agent-app'])))).toBe('created')
    expect(() => interactive([])).toThrow('oidc.interactiveClients: ')
    expect(() => interactive([''])).toThrow('oidc.interactiveClients[0]: ')
  })
})
