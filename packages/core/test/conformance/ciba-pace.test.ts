import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { verifies } from '@behalf/testing/requirements'
import { describe, type TestContext, test } from 'vitest'
import * as z from 'zod'
import { ciba } from '../../src/entrypoints/ciba.ts'
import { admit } from '../../src/identity/verified.ts'
import { createGuard, policy, type UserIdentity } from '../../src/index.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { allowInsecureLoopback } from '../../src/oauth/profiles/profile.ts'

const INTERVAL_SECONDS = 1

/** A server over real HTTP that measures when requests arrive, and takes its time for some responses. */
async function measuringServer({ onTestFinished }: TestContext, delaysMs: readonly number[]) {
  /** Milliseconds between the end of one response and the arrival of the next request. */
  const gaps: number[] = []
  let respondedAt = 0
  let polls = 0
  const json = (response: ServerResponse, status: number, body: unknown) =>
    new Promise<void>((resolve) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body), resolve)
    })
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const arrivedAt = performance.now()
    await text(request)
    if (request.url === '/.well-known/openid-configuration') {
      const paths = { token_endpoint: '/token', backchannel_authentication_endpoint: '/bc', jwks_uri: '/jwks' }
      const endpoints = Object.entries(paths).map(([name, path]) => [name, `${issuer}${path}`])
      return json(response, 200, { issuer, ...Object.fromEntries(endpoints) })
    }
    if (request.url === '/bc') {
      await wait(300)
      respondedAt = performance.now()
      return json(response, 200, { auth_req_id: crypto.randomUUID(), expires_in: 60, interval: INTERVAL_SECONDS })
    }
    gaps.push(arrivedAt - respondedAt)
    await wait(delaysMs[polls++] ?? 0)
    respondedAt = performance.now()
    return json(response, 400, { error: 'authorization_pending' })
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { issuer, gaps }
}

const pay = (wait?: { readonly maxSeconds: number }) =>
  policy(z.strictObject({}), { version: '1', approval: { message: () => 'Pay?' }, ...(wait !== undefined && { wait }) })

function guardOf(issuer: string) {
  const client = { issuer, clientId: 'agent-app', clientSecret: 'a-client-secret' }
  const behalf = createGuard({
    authorizationServer: oidc({ ...client, ciba: {}, [allowInsecureLoopback]: true }),
    agent: { name: 'agent:payer' },
    approvals: ciba(),
  })
  const identity = admit<UserIdentity>({
    kind: 'user',
    issuer,
    subject: 'ann',
    clientId: 'agent-app',
    claims: { iat: Math.floor(Date.now() / 1000) },
  })
  return (waits?: { readonly maxSeconds: number }) =>
    behalf.run(pay(waits), { tool: 'pay', slot: ['thread', 'call'], input: {}, identity }, () => 'ran')
}

// Real time on a real connection: the tests wait beside each other.
describe.concurrent('on arrival at a server over HTTP, polls are never closer than the interval', () => {
  test(
    verifies(['CIBA-10.1-interval', 'A4'], 'also after a response that took its time, of a poll or of the request'),
    async (context) => {
      const { expect } = context
      const { issuer, gaps } = await measuringServer(context, [0, 1_500, 0])
      await guardOf(issuer)({ maxSeconds: 7 })
      expect(gaps.length).toBeGreaterThanOrEqual(3)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(INTERVAL_SECONDS * 1000)
    },
  )

  test(
    verifies('A4', 'and none of those that an app makes at the times that it is told comes in vain'),
    async (context) => {
      const { expect } = context
      const { issuer, gaps } = await measuringServer(context, [1_200, 0])
      const run = guardOf(issuer)
      let calls = 0
      for (let made = gaps.length; made < 2; made = gaps.length) {
        const outcome = await run()
        calls++
        if (outcome.status !== 'interrupted') throw new Error(outcome.status)
        await wait((outcome.interrupt.interval ?? 0) * 1000)
      }
      // The first call sends the question; each later one polls.
      expect(calls).toBe(3)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(INTERVAL_SECONDS * 1000)
    },
  )
})
