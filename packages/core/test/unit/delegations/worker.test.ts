import { generateKeyPair, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { auth0 } from '../../../src/entrypoints/providers.ts'
import type { Vault } from '../../../src/entrypoints/vault.ts'
import { auth0TokenVault } from '../../../src/entrypoints/vault.ts'
import type { Fetch, GuardOptions, GuardWithDelegations } from '../../../src/index.ts'
import { ORIGIN, policies } from '../guard/world.ts'
import { roleMap } from './imports.ts'
import { jobWorld } from './job-world.ts'

const GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token'
const WORKER_TOKEN = 'http://auth0.com/oauth/token-type/token-vault-access-token'

/** Guards whose vault has a worker, and what Auth0's token endpoint was asked by it. */
async function workerWorld() {
  const made = await jobWorld()
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const vault = auth0TokenVault({ worker: { privateKey, algorithm: 'ES256' } })
  const forms: Record<string, string>[] = []
  const fetch: Fetch = async (input, init) => {
    const form = Object.fromEntries(
      new URLSearchParams(typeof init?.body === 'string' ? init.body : String(init?.body)),
    )
    if (form.subject_token_type !== 'urn:ietf:params:oauth:token-type:jwt') return globalThis.fetch(input, init)
    forms.push(form)
    return Response.json({
      access_token: `upstream-${forms.length}`,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'portfolio:read',
      issued_token_type: WORKER_TOKEN,
    })
  }
  const guard = (over: Partial<GuardOptions> = {}) => made.process({ vault, fetch, ...over })
  const agree = async (by: GuardWithDelegations, over: object = {}) => {
    const { identity } = await made.present()
    const expiresAt = made.clock.now() / 1000 + 86_400
    return by.delegations.create({ identity, tools: ['get_portfolio', 'read_portfolio'], expiresAt, ...over })
  }
  const look = async (by: GuardWithDelegations, id: string) => {
    const identity = await by.delegations.identity(id)
    const call = { tool: 'get_portfolio', slot: `nightly-${crypto.randomUUID()}`, input: { portfolio: 'p-ann' } }
    return by.run(policies.get_portfolio, { ...call, identity }, (_, { access }) => access.trade.scopes.join(' '))
  }
  return { ...made, guard, agree, look, forms, publicKey, vault, privateKey }
}

describe('a delegation by the worker grant', () => {
  test('gets tokens of connections by a request that the agent signs, bound to the delegation', async () => {
    const { guard, agree, look, forms, publicKey, profile, clock } = await workerWorld()
    const nightly = guard()
    const made = await agree(nightly)
    expect(made).toMatchObject({ credentials: 'worker', state: 'active' })
    expect(await look(nightly, made.id)).toMatchObject({ status: 'done', result: 'portfolio:read' })
    expect(forms).toMatchObject([
      { grant_type: GRANT, connection: 'stocktrade', requested_token_type: WORKER_TOKEN, scope: 'portfolio:read' },
    ])
    const { payload } = await jwtVerify(forms[0]?.subject_token ?? '', publicKey, {
      currentDate: new Date(clock.now()),
    })
    expect(payload).toMatchObject({
      iss: profile.clientId,
      sub: 'ann',
      aud: profile.issuer,
      audit_context: `delegation:${made.id}`,
    })
    // What one delegation got is not another one's.
    await look(nightly, (await agree(nightly)).id)
    expect(forms).toHaveLength(2)
  })

  test('gets the upstream’s own token, which its API takes', async () => {
    const { process, present, clients, clock } = await jobWorld()
    const { clientId, authentication } = clients.agentWithKey
    if (!('privateKey' in authentication)) throw new Error('the client has no key')
    const { privateKey, algorithm } = authentication
    const authorizationServer = {
      ...auth0({ domain: 'tenant.behalf.example', clientId, privateKey, algorithms: ['ES256'] }),
    }
    const nightly = process({ authorizationServer, vault: auth0TokenVault({ worker: { privateKey, algorithm } }) })
    const { identity } = await present()
    const options = { identity, tools: ['get_portfolio'], expiresAt: clock.now() / 1000 + 60 }
    const { id } = await nightly.delegations.create(options)
    const call = { tool: 'get_portfolio', slot: 'nightly', input: { portfolio: 'p-ann' } }
    const job = { ...call, identity: await nightly.delegations.identity(id) }
    const outcome = await nightly.run(policies.get_portfolio, job, async ({ portfolio }, { access }) => {
      const response = await access.trade.fetch(`${ORIGIN}/portfolios/${portfolio}`)
      return response.status
    })
    expect(outcome).toMatchObject({ status: 'done', result: 200 })
  })

  test('reaches no API of the issuer’s, and no tool, scope, time or agent beyond what was agreed', async () => {
    const { guard, agree, look, forms, clock, present } = await workerWorld()
    const nightly = guard()
    const { id } = await agree(nightly)
    const identity = await nightly.delegations.identity(id)
    const read = { tool: 'read_portfolio', slot: 's', input: { portfolio: 'p-ann' }, identity }
    expect(await nightly.run(policies.read_portfolio, read, () => 'ran')).toMatchObject({
      interrupt: { kind: 'login_required' },
    })
    for (const over of [{ tools: ['whoami'] }, { scopes: ['trade:write'] }]) {
      const narrow = await agree(nightly, over)
      expect(await look(nightly, narrow.id)).toMatchObject({ code: 'delegation_exceeded' })
    }
    const short = await agree(nightly, { expiresAt: clock.now() / 1000 + 10 })
    const job = await nightly.delegations.identity(short.id)
    const call = { tool: 'get_portfolio', slot: 's', input: { portfolio: 'p-ann' } }
    clock.advance(60)
    expect(await nightly.run(policies.get_portfolio, { ...call, identity: job }, () => 'ran')).toMatchObject({
      interrupt: { kind: 'login_required' },
    })
    const revoked = await nightly.delegations.identity(id)
    await nightly.delegations.revoke(id, { identity: (await present()).identity })
    expect(await nightly.run(policies.get_portfolio, { ...call, identity: revoked }, () => 'ran')).toMatchObject({
      code: 'revoked',
    })
    expect(forms).toHaveLength(0)
  })

  test('is used by the delegations that agreed to it, and by no other', async () => {
    const { guard, agree, look, forms, present, login } = await workerWorld()
    const nightly = guard()
    const declined = await agree(nightly, { worker: false })
    expect(declined.credentials).toBe('none')
    expect(await look(nightly, declined.id)).toMatchObject({ interrupt: { kind: 'login_required' } })
    const withToken = await agree(nightly, await present())
    expect(withToken.credentials).toBe('refresh_token')
    expect(await look(nightly, withToken.id)).toMatchObject({ status: 'done' })
    const call = { tool: 'get_portfolio', slot: 'here', input: { portfolio: 'p-ann' }, identity: await login() }
    await nightly.run(policies.get_portfolio, call, () => 'ran')
    expect(forms).toHaveLength(0)
    // The user agreed to it, and this process has none.
    const { id } = await agree(nightly)
    expect(await look(guard({ vault: auth0TokenVault() }), id)).toMatchObject({ interrupt: { kind: 'login_required' } })
  })

  test('a vault that needs no proof gives nothing to a delegation without credentials', async () => {
    const { guard, agree, look, clock } = await workerWorld()
    const asked: unknown[] = []
    const open: Vault = {
      specificationVersion: 1,
      token: async (request) => {
        asked.push(request)
        throw new Error('asked')
      },
    }
    const nightly = guard({ vault: open })
    const made = await agree(nightly)
    expect(made.credentials).toBe('none')
    clock.advance(1)
    expect(await look(nightly, made.id)).toMatchObject({ interrupt: { kind: 'login_required' } })
    // Nor to one whose worker it is not.
    expect(await look(nightly, (await agree(guard())).id)).toMatchObject({ interrupt: { kind: 'login_required' } })
    expect(asked).toEqual([])
  })

  test('a web app without the key can agree to it for the agent that has one', async () => {
    const { guard, agree, look } = await workerWorld()
    const [web, nightly] = [
      guard({ vault: auth0TokenVault() }),
      guard({ agent: { name: 'agent:nightly' }, permissions: undefined as never }),
    ]
    for (const over of [{ worker: true }, { worker: 'yes' }]) {
      await expect(agree(web, over)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
    await expect(agree(nightly, { worker: true, refreshToken: 'r' })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
    const made = await agree(web, { worker: true, agent: 'agent:nightly' })
    expect(made.credentials).toBe('worker')
    await expect(look(web, made.id)).rejects.toMatchObject({ reason: 'other_agent' })
    const identity = await nightly.delegations.identity(made.id)
    expect(identity).toMatchObject({ subject: 'ann', delegationId: made.id })
  })

  test('brings no roles: a policy that needs one is denied', async () => {
    const { guard, agree, look } = await workerWorld()
    const nightly = guard({ roles: roleMap({ claim: 'roles', scopes: { trader: ['portfolio:read'] } }) })
    const { id } = await agree(nightly)
    // A connection's scopes are no words of roles (I5).
    expect(await look(nightly, id)).toMatchObject({ status: 'done' })
    const identity = await nightly.delegations.identity(id)
    const read = { tool: 'read_portfolio', slot: 's', input: { portfolio: 'p-ann' }, identity }
    expect(await nightly.run(policies.read_portfolio, read, () => 'ran')).toMatchObject({ code: 'role_missing' })
  })
})
