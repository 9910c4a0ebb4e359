import { type Credential, policy, resource, type UserIdentity } from '@behalf/core'
import { importDpopKey } from '@behalf/core/providers'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type ApiWorld, apiWorld, type Sent } from './api-world.ts'

type Access = { readonly access: { readonly notes: Credential } }

/** A guard whose tokens are bound to a key of the app's, at a server and an API that both ask for nonces. */
async function boundAgent(end: (close: () => Promise<void>) => void) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const world = await apiWorld(end, await importDpopKey(pair))
  const notes = policy(z.strictObject({}), {
    version: '1',
    access: { notes: resource(world.api.resource, { scopes: ['notes:read'] }) },
  })
  const guard = world.guard()
  const identity: UserIdentity = await world.signIn()
  let calls = 0
  const run = <Result>(body: (notes: Credential) => Promise<Result>) =>
    guard.run(notes, { tool: 'read_notes', slot: `call-${calls++}`, input: {}, identity }, (_, { access }: Access) =>
      body(access.notes),
    )
  const read = (init?: RequestInit) =>
    run(async (credential) => {
      const response = await credential.fetch(`${world.api.origin}/notes?of=today`, init)
      return response.ok ? ((await response.json()) as { readonly said: string }) : response.status
    })
  return { world, run, read }
}

const proofsTo = ({ sent }: ApiWorld, origin: string): readonly Sent[] =>
  sent.filter((one) => one.origin === origin && one.headers.has('dpop'))

const nonceIn = ({ headers }: Sent): unknown => decodeJwt(headers.get('dpop') ?? '').nonce

test('a bound token is exchanged for and used, with the nonce of each server and never that of the other', async ({
  onTestFinished,
}) => {
  const { world, read } = await boundAgent(onTestFinished)
  expect(await read()).toMatchObject({ status: 'done', result: { of: 'ann' } })
  const toApi = proofsTo(world, world.api.origin)
  const toServer = proofsTo(world, world.server.issuer)
  // Each refuses the first request, which has no nonce yet of its own.
  expect(toApi.map(({ status }) => status)).toEqual([401, 200])
  expect(toServer.at(-1)?.status).toBe(200)
  expect(toApi.every(({ headers }) => headers.get('authorization')?.startsWith('DPoP '))).toBe(true)
  const given = (sent: readonly Sent[]) => sent.flatMap(({ nonce }) => nonce ?? [])
  expect(toApi.map(nonceIn)).toEqual([undefined, toApi[0]?.nonce])
  for (const proof of toServer) expect([undefined, ...given(toServer)]).toContain(nonceIn(proof))
  for (const nonce of given(toServer)) expect(toApi.map(nonceIn)).not.toContain(nonce)
  // RFC 9449 §11.1: no proof is used twice.
  const ids = [...toApi, ...toServer].map(({ headers }) => decodeJwt(headers.get('dpop') ?? '').jti)
  expect(new Set(ids).size).toBe(ids.length)
})

test('a token that the API takes no longer is replaced once, by another that is bound to the same key', async ({
  onTestFinished,
}) => {
  const { world, read } = await boundAgent(onTestFinished)
  await read()
  await read()
  expect(world.exchanges()).toBe(1)
  world.withdrawn.add(world.admitted[0] ?? '')
  const said = { method: 'POST', body: 'the same words' }
  expect(await read(said)).toMatchObject({ status: 'done', result: { said: 'the same words' } })
  expect(world.exchanges()).toBe(2)
  expect(new Set(world.admitted).size).toBe(2)
  // The replacement is kept: the next call costs no exchange.
  expect(await read()).toMatchObject({ status: 'done', result: { of: 'ann' } })
  expect(world.exchanges()).toBe(2)
})

test('nonce and token are stale at once: both are renewed, and what is refused again is the body’s to see', async ({
  onTestFinished,
}) => {
  const { world, read } = await boundAgent(onTestFinished)
  await read()
  world.restartApi()
  world.withdrawn.add(world.admitted[0] ?? '')
  world.sent.length = 0
  expect(await read()).toMatchObject({ status: 'done', result: { of: 'ann' } })
  // The old nonce, then the old token, then both new.
  expect(proofsTo(world, world.api.origin).map(({ status }) => status)).toEqual([401, 401, 200])
  world.withdrawn.has = () => true
  world.sent.length = 0
  expect(await read()).toMatchObject({ status: 'done', result: 401 })
  expect(proofsTo(world, world.api.origin)).toHaveLength(2)
})

test('a body that can be read once is not sent again', async ({ onTestFinished }) => {
  const { world, read } = await boundAgent(onTestFinished)
  await read()
  world.withdrawn.add(world.admitted[0] ?? '')
  const body = new Blob(['once']).stream()
  expect(await read({ method: 'POST', body, duplex: 'half' } as RequestInit)).toMatchObject({ result: 401 })
  expect(world.exchanges()).toBe(1)
})

test('several requests at once, before a nonce is known, cost one token', async ({ onTestFinished }) => {
  const { world, run } = await boundAgent(onTestFinished)
  const outcome = await run((credential) =>
    Promise.all(
      Array.from({ length: 5 }, async (_, at) => (await credential.fetch(`${world.api.origin}/notes/${at}`)).status),
    ),
  )
  expect(outcome).toMatchObject({ status: 'done', result: [200, 200, 200, 200, 200] })
  expect(world.exchanges()).toBe(1)
})

test('the token without its key, and a proof that was used, open nothing', async ({ onTestFinished }) => {
  const { world, read } = await boundAgent(onTestFinished)
  await read()
  const used = proofsTo(world, world.api.origin).at(-1)
  const authorization = used?.headers.get('authorization') ?? ''
  const address = `${world.api.origin}/notes?of=today`
  const asBearer = await fetch(address, { headers: { authorization: authorization.replace('DPoP', 'Bearer') } })
  expect(asBearer.status).toBe(401)
  expect(asBearer.headers.get('www-authenticate')).toMatch(/^DPoP .*error="invalid_token"/)
  const again = await fetch(address, { headers: { authorization, dpop: used?.headers.get('dpop') ?? '' } })
  expect(again.status).toBe(401)
  expect(again.headers.get('www-authenticate')).toContain('error="invalid_dpop_proof"')
})
