import { expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type Call, policy, resource, StepUpRequiredError, type Store } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { askedVault } from './asked-vault.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const LIFE = 20
const rules = {
  resource: () => resource('https://api.example/', { scopes: ['read'] }),
  connection: () => connection('mail', { scopes: ['read'], origins: ['https://api.example'] }),
}
const identity = admit(
  { kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: { iat: 1_799_999_000 } },
  { token: new Token('session'), type: 'access_token' },
)

/** A server and a vault whose tokens live for 20 seconds, and a store whose next read takes as long as it is told to. */
function slowWorld() {
  const world = smallWorld()
  const { vault, asked } = askedVault(world.clock, { expiresIn: LIFE })
  let exchanged = 0
  const delay = { seconds: 0 }
  const fetch = async (url: string | URL | Request) =>
    Response.json(
      String(url).includes('.well-known')
        ? { issuer: ISSUER, token_endpoint: `${ISSUER}/token` }
        : {
            access_token: `t${++exchanged}`,
            issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
            token_type: 'Bearer',
            expires_in: LIFE,
          },
    )
  const get: Store['get'] = (...args) => {
    world.clock.advance(delay.seconds)
    delay.seconds = 0
    return world.store.get(...args)
  }
  const store = overStore(world.store, { get })
  const guard = world.guard({ fetch, vault, store, revocationSeconds: 600 })
  return { ...world, behalf: guard, delay, issued: () => asked.length + exchanged }
}

test.each([
  ['resource', 'read'],
  ['connection', 'read'],
  ['connection', 'write'],
] as const)('a cached token of a %s that ran out while a %s asked the store is not used', async (kind, effect) => {
  const { behalf, call, clock, delay, issued } = slowWorld()
  const rule = policy(schema, { version: '1', effect, access: { api: rules[kind]() } })
  const run = (slot: string, body: (input: unknown, call: Call) => unknown, tool = 'look') =>
    behalf.run(rule, call({ identity, slot, tool }), body as never)
  await run('1', () => 1)
  // While a step-up may be open, reads ask the store as well.
  const refuse = () => Promise.reject(new StepUpRequiredError('', { acrValues: ['x'] }, 'api'))
  if (effect === 'read') await run('2', refuse, 'other').catch(() => {})
  delay.seconds = 25
  const before = issued()
  const left = (_: unknown, { access }: Call) =>
    ((access as never as { api: { expiresAt: number } }).api.expiresAt ?? 0) - clock.now() / 1000
  expect(await run('3', left)).toMatchObject({ status: 'done', result: LIFE })
  expect(issued()).toBe(before + 1)
})

test('who a call is for is looked at again where a required sink took its time', async () => {
  const world = smallWorld()
  const write = async () => world.clock.advance(200)
  const guard = world.guard({ audit: { sink: { write }, required: true } })
  const expiring = admit({
    kind: 'user',
    issuer: ISSUER,
    subject: 'ann',
    clientId: 'agent',
    expiresAt: world.clock.now() / 1000 + 100,
    claims: {},
  })
  const ran: unknown[] = []
  const look = policy(schema, { version: '1' })
  const outcome = await guard.run(look, world.call({ identity: expiring }), (input) => ran.push(input))
  expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
  expect(ran).toEqual([])
})
