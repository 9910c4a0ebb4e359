import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { KEYCLOAK_URL } from '../../../../scripts/servers/keycloak-realm.ts'
import { ciba } from '../../src/entrypoints/ciba.ts'
import { cibaPing } from '../../src/entrypoints/http.ts'
import { generateDpopKey } from '../../src/entrypoints/providers.ts'
import { createWatcher } from '../../src/entrypoints/watcher.ts'
import {
  createGuard,
  memoryStore,
  type Outcome,
  type Profile,
  policy,
  type UserIdentity,
  verifyAccessToken,
} from '../../src/index.ts'
import { AGENT, AGENT_SWITCHES, CALLBACK, createAgentRealm, login, openDevice, profileAt } from './live-agent.ts'

const REALM = 'behalf-live-approvals'
/** How long a question of this realm is open, and how long one of the policy: it is sent again until then. */
const [REALM_SECONDS, POLICY_SECONDS] = [20, 10]

const buys = policy(z.strictObject({ quantity: z.int() }), {
  approval: { message: ({ input }) => `Buy-${input.quantity}-AAPL`, lifetimeSeconds: POLICY_SECONDS },
})

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak: approvals by CIBA', { timeout: 60_000 }, () => {
  let realm: Awaited<ReturnType<typeof createAgentRealm>>
  let device: Awaited<ReturnType<typeof openDevice>>
  let ann: UserIdentity
  let quantity = 0
  beforeAll(async () => {
    const attributes = {
      cibaBackchannelTokenDeliveryMode: 'poll',
      cibaInterval: '1',
      cibaExpiresIn: String(REALM_SECONDS),
    }
    realm = await createAgentRealm(REALM, { attributes })
    device = await openDevice(realm)
    const { tokens } = await login(realm)
    const trust = { authorizationServer: profileAt(REALM), audience: AGENT.clientId }
    ann = (await verifyAccessToken(tokens.accessToken, trust)) as UserIdentity
  }, 120_000)
  afterAll(() => device?.close())

  /** A client that asks people, with what its registration says of them. */
  const asking = (clientId: string, attributes: object) =>
    realm.client({
      ...{ clientId, secret: `${clientId}-secret`, redirectUris: [CALLBACK] },
      attributes: { ...AGENT_SWITCHES, ...attributes },
    })
  const at = (clientId: string, over: object = {}): Profile =>
    profileAt(REALM, { clientId, clientSecret: `${clientId}-secret`, interactiveClients: [AGENT.clientId], ...over })

  /** Begins a call that a person must answer. */
  async function begin(authorizationServer: Profile, options: Parameters<typeof ciba>[0] = {}) {
    const store = memoryStore()
    const approvals = ciba(options)
    const guard = createGuard({ authorizationServer, agent: { name: 'agent:trader' }, approvals, store })
    quantity++
    const call = { tool: 'buy', slot: `live-${quantity}`, input: { quantity }, identity: ann }
    const run = () => guard.run(buys, call, () => 'bought')
    const first = await run()
    const end = async (): Promise<Outcome<string>> => {
      let outcome = await run()
      for (let polls = 0; polls < 15 && outcome.status === 'interrupted'; polls++) {
        await wait(1000)
        outcome = await run()
      }
      return outcome
    }
    return { first, end, asked: device.asked.at(-1), store, approvals, run, message: `Buy-${quantity}-AAPL` }
  }
  const pending = { status: 'interrupted', interrupt: { kind: 'approval_pending' } }

  test.each([
    ['SUCCEED', { status: 'done', result: 'bought' }],
    ['UNAUTHORIZED', { status: 'denied', code: 'approval_denied' }],
    ['CANCELLED', { status: 'denied', code: 'approval_denied' }],
  ] as const)('poll: the device answers %s', async (answer, outcome) => {
    const { first, end, asked, message } = await begin(profileAt(REALM))
    expect(first).toMatchObject(pending)
    expect(asked).toMatchObject({ loginHint: 'ann', bindingMessage: message })
    expect(await asked?.answer(answer)).toBeLessThan(300)
    expect(await end()).toMatchObject(outcome)
  })

  test('poll: a question without an answer expires when the policy says so, and a late answer counts no more', async () => {
    const { first, end, asked, run } = await begin(profileAt(REALM))
    expect(first).toMatchObject(pending)
    expect(await end()).toMatchObject({ status: 'denied', code: 'approval_expired' })
    await asked?.answer('SUCCEED')
    expect(await run()).toMatchObject({ status: 'denied', code: 'approval_expired' })
  })

  test('a person whom the realm does not know is not asked, and the operator is told why', async () => {
    const before = device.asked.length
    const { first } = await begin(profileAt(REALM, { ...AGENT, loginHint: () => 'unknown-user' }))
    expect(first).toMatchObject({ status: 'denied', code: 'approval_not_sent' })
    expect(JSON.stringify(first)).toContain('invalid_user')
    expect(device.asked).toHaveLength(before)
  })

  test('a message with a space is refused before anything is sent', async () => {
    const guard = createGuard({
      authorizationServer: profileAt(REALM),
      agent: { name: 'agent:trader' },
      approvals: ciba(),
    })
    const says = policy(z.strictObject({}), { approval: { message: () => 'Buy 50 AAPL' } })
    const before = device.asked.length
    const call = { tool: 'buy', slot: 'spaces', input: {}, identity: ann }
    expect(await guard.run(says, call, () => 'bought')).toMatchObject({ status: 'denied' })
    expect(device.asked).toHaveLength(before)
  })

  test('ping: the server tells when there is an answer, and the watcher completes the call', async () => {
    const handlers: ((request: Request) => Promise<Response>)[] = []
    const statuses: number[] = []
    const inbox = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk
      })
      request.on('end', async () => {
        const headers = request.headers as Record<string, string>
        const asked = new Request('http://127.0.0.1/ping', { method: 'POST', headers, body })
        const { status } = (await handlers[0]?.(asked)) ?? { status: 404 }
        statuses.push(status)
        response.writeHead(status).end()
      })
    })
    await new Promise<void>((resolve) => inbox.listen(0, '127.0.0.1', resolve))
    const { port } = inbox.address() as { readonly port: number }
    await asking('pinged', {
      'ciba.backchannel.token.delivery.mode': 'ping',
      'ciba.backchannel.client.notification.endpoint': `http://127.0.0.1:${port}/ping`,
    })
    const profile = at('pinged')
    const { first, asked, store, approvals, run } = await begin(profile, { ping: true })
    handlers.push(cibaPing({ store }))
    expect(first).toMatchObject(pending)
    const stop = new AbortController()
    const told: string[] = []
    const watching = createWatcher({
      authorizationServer: profile,
      approvals,
      store,
      everyMs: 200,
      onAnswer: ({ state }) => void told.push(state),
    }).run(stop.signal)
    await asked?.answer('SUCCEED')
    await expect.poll(() => told, { timeout: 15_000 }).toEqual(['approved'])
    expect(await run()).toMatchObject({ status: 'done', result: 'bought' })
    expect(statuses).toEqual([204])
    stop.abort()
    await watching
    await new Promise((resolve) => inbox.close(resolve))
  })

  test.each(['ES256', 'PS256'])('a request signed with %s is taken, and another key is refused', async (algorithm) => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm)
    const jwk = { ...(await exportJWK(publicKey)), use: 'sig', alg: algorithm, kid: 'one' }
    await asking(`signed-${algorithm}`, {
      'ciba.backchannel.auth.request.signing.alg': algorithm,
      'use.jwks.string': 'true',
      'jwks.string': JSON.stringify({ keys: [jwk] }),
    })
    const profile = at(`signed-${algorithm}`)
    const signed = await begin(profile, { signRequest: { privateKey, algorithm, keyId: 'one' } })
    expect(signed.first).toMatchObject(pending)
    expect(signed.asked).toMatchObject({ bindingMessage: signed.message })
    await signed.asked?.answer('SUCCEED')
    expect(await signed.end()).toMatchObject({ result: 'bought' })
    const { privateKey: other } = await generateKeyPair(algorithm)
    const forged = await begin(profile, { signRequest: { privateKey: other, algorithm, keyId: 'one' } })
    expect(forged.first).toMatchObject({ status: 'denied', code: 'approval_not_sent' })
  })

  test('a client that proves a key asks and polls with it', async () => {
    await asking('bound', { 'dpop.bound.access.tokens': 'true' })
    const { first, asked, end } = await begin(at('bound', { dpop: await generateDpopKey() }))
    expect(first).toMatchObject(pending)
    await asked?.answer('SUCCEED')
    expect(await end()).toMatchObject({ result: 'bought' })
  })
})
