import { createGuard, type GuardOptions, memoryStore, type Profile, policy, resource } from '@behalf/core'
import { idJag } from '@behalf/core/enterprise'
import { verifyTokenResponse } from '@behalf/core/identity'
import { type DpopKey, importDpopKey } from '@behalf/core/providers'
import { roleMap } from '@behalf/core/roles'
import { sharedTokens } from '@behalf/core/shared-tokens'
import { login, type ProtocolTarget, profileOf } from '@behalf/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { sandboxTarget } from '../../src/index.ts'

const Portfolio = z.strictObject({ portfolio: z.string() })
let target: ProtocolTarget
beforeAll(async () => {
  target = await sandboxTarget()
})
beforeEach(() => target.reset())
afterAll(() => target.close())

/** An employee's agent: they sign in at their employer's, and the API belongs to another company. */
function world(over: Partial<GuardOptions> = {}, dpop?: DpopKey) {
  const employer = {
    authorizationServer: target.enterprise as ProtocolTarget['authorizationServer'],
    clients: target.clients,
  }
  const { controls } = employer.authorizationServer
  const here: Profile = profileOf(employer, target.clients.agent, { dpop })
  const there: Profile = profileOf(target, target.clients.agent, { dpop })
  const through = idJag({ authorizationServer: there })
  const policies = {
    look: policy(Portfolio, {
      access: { trade: resource(target.api.resource, { scopes: ['portfolio:read'], through }) },
    }),
    trade: policy(Portfolio, {
      access: { trade: resource(target.api.resource, { scopes: ['trade:write'], through }) },
    }),
  }
  const guard = createGuard({ authorizationServer: here, agent: { name: target.agentName }, ...over })
  const signIn = async (user: 'ann' | 'bob' = 'ann') => {
    const tokens = await login(employer, {
      user: target.users[user].enterpriseSubject,
      profile: here,
      scope: 'openid profile chat',
    })
    const answer = {
      access_token: tokens.accessToken,
      token_type: dpop === undefined ? 'Bearer' : 'DPoP',
      id_token: tokens.idToken,
    }
    return verifyTokenResponse(answer, { authorizationServer: here })
  }
  const look = async (identity: Awaited<ReturnType<typeof signIn>>, portfolio = 'p-ann') =>
    guard.run(policies.look, { tool: 'look', slot: 's', input: { portfolio }, identity }, async (input, { access }) => {
      const response = await access.trade.fetch(`${target.api.origin}/portfolios/${input.portfolio}`)
      return { status: response.status, body: await response.json() }
    })
  const grants = async () => {
    const [asked, redeemed] = await Promise.all([controls.requests(), target.authorizationServer.controls.requests()])
    const of = (requests: typeof asked, type: string) =>
      requests.filter(({ parameters }) => parameters.grant_type === `urn:ietf:params:oauth:grant-type:${type}`).length
    return { asked: of(asked, 'token-exchange'), redeemed: of(redeemed, 'jwt-bearer') }
  }
  return { controls, policies, guard, signIn, look, grants }
}

describe('Cross App Access, over HTTP', () => {
  test("an employee's agent reads what the API has under their own name there, by one assertion", async () => {
    const { signIn, look, grants } = world()
    const ann = await signIn()
    expect(ann).toMatchObject({ subject: 'emp-7' })
    expect(await look(ann)).toMatchObject({ status: 'done', result: { status: 200, body: { id: 'p-ann' } } })
    expect(await look(ann)).toMatchObject({ status: 'done' })
    expect(await grants()).toEqual({ asked: 1, redeemed: 1 })
    expect(await look(await signIn('bob'))).toMatchObject({
      result: { status: expect.not.objectContaining({ code: 200 }) },
    })
  })

  test('two employees never share a token', async () => {
    const { signIn, look, grants } = world()
    const [ann, bob] = [await signIn(), await signIn('bob')]
    expect(await look(ann, 'p-ann')).toMatchObject({ result: { status: 200 } })
    expect(await look(bob, 'p-ann')).not.toMatchObject({ result: { status: 200 } })
    expect(await look(bob, 'p-bob')).toMatchObject({ result: { status: 200 } })
    expect(await grants()).toEqual({ asked: 2, redeemed: 2 })
  })

  test("processes that share a store redeem one assertion between them, and no employee gets the other's", async () => {
    const store = memoryStore()
    const seal = new Uint8Array(32).fill(1)
    const shared = {
      store,
      keys: { seal: [seal], index: new Uint8Array(32).fill(2) },
      sharedTokens: sharedTokens(),
    } as const
    const [one, two] = [world(shared), world(shared)]
    const [ann, bob] = [await one.signIn(), await one.signIn('bob')]
    expect(await one.look(ann)).toMatchObject({ result: { status: 200 } })
    expect(await two.look(ann)).toMatchObject({ result: { status: 200 } })
    expect(await one.grants()).toEqual({ asked: 1, redeemed: 1 })
    expect(await two.look(bob)).not.toMatchObject({ result: { status: 200 } })
    expect(await one.grants()).toEqual({ asked: 2, redeemed: 2 })
    await one.guard.revoke({ issuer: ann.issuer, subject: ann.subject })
    const login = { kind: 'login_required', maxAge: 0 }
    expect(await world(shared).look(ann)).toMatchObject({ status: 'interrupted', interrupt: login })
    expect(await one.grants()).toEqual({ asked: 2, redeemed: 2 })
  })

  test('the role at the employer bounds what the agent asks for: an intern looks, and does not trade', async () => {
    const roles = roleMap({
      claim: 'roles',
      scopes: { intern: ['portfolio:read'], trader: ['portfolio:read', 'trade:write'] },
    })
    const { controls, guard, policies, signIn, look, grants } = world({ roles })
    await controls.changeUser(target.users.ann.enterpriseSubject, { roles: ['intern'] })
    const intern = await signIn()
    expect(await look(intern)).toMatchObject({ status: 'done', result: { status: 200 } })
    const trade = { tool: 'trade', slot: 't', input: { portfolio: 'p-ann' }, identity: intern }
    expect(await guard.run(policies.trade, trade, () => 'traded')).toMatchObject({ code: 'role_missing' })
    expect(await grants()).toEqual({ asked: 1, redeemed: 1 })
    await controls.changeUser(target.users.ann.enterpriseSubject, { roles: ['trader'] })
    const trader = { ...trade, identity: await signIn() }
    expect(await guard.run(policies.trade, trader, () => 'traded')).toMatchObject({ result: 'traded' })
  })

  test('a user whom the API does not know is not permitted, and is not asked to sign in', async () => {
    const { controls, signIn, look } = world()
    await controls.changeUser(target.users.ann.enterpriseSubject, { email: 'unknown@elsewhere.example' })
    expect(await look(await signIn())).toMatchObject({ status: 'denied', code: 'not_permitted' })
  })

  test('a stronger login that the employer wants is an interrupt that says which', async () => {
    const { controls, signIn, look } = world()
    const ann = await signIn()
    const body = { error: 'insufficient_user_authentication', acr_values: 'urn:behalf:acr:otp', max_age: 300 }
    await controls.fault('token', { status: 400, body })
    expect(await look(ann)).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'step_up_required', acrValues: ['urn:behalf:acr:otp'], maxAge: 300 },
    })
  })

  test('a login that ended at the employer is a login, an outage of either server is an outage', async () => {
    const { controls, signIn, look } = world()
    const ann = await signIn()
    await controls.fault('token', { status: 400, body: { error: 'invalid_request' } })
    expect(await look(ann)).toMatchObject({ interrupt: { kind: 'login_required' } })
    await controls.fault('token', { status: 503 })
    expect(await look(ann)).toMatchObject({ status: 'unavailable' })
    await target.authorizationServer.controls.fault('token', { status: 503 })
    expect(await look(ann)).toMatchObject({ status: 'unavailable' })
    expect(await look(ann)).toMatchObject({ status: 'done' })
  })

  test('with a key, assertion and token are bound to it', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const { signIn, look } = world({}, await importDpopKey(pair))
    expect(await look(await signIn())).toMatchObject({ status: 'done', result: { status: 200 } })
  })
})
