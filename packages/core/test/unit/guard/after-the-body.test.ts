import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type Credential, type Identity, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { ISSUER, reads, schema, smallWorld, user, writes } from './small-world.ts'

const MAX_STORED = 256 * 1024

describe('what a write gave is told again (A5)', () => {
  test.each<readonly [string, unknown, object]>([
    ['nothing', undefined, { status: 'done', result: undefined }],
    ['null', null, { status: 'done', result: null }],
    ['plain JSON', { paid: [50] }, { status: 'done', result: { paid: [50] } }],
    ['as much as is kept', 'x'.repeat(MAX_STORED - 2), { status: 'done' }],
    ['more than is kept', 'x'.repeat(MAX_STORED - 1), { status: 'denied', code: 'unknown_outcome' }],
    ['what is no JSON', { at: new Date(0) }, { status: 'denied', code: 'unknown_outcome' }],
    ['a number that JSON does not have', { paid: 1n }, { status: 'denied', code: 'unknown_outcome' }],
  ])('%s', async (_, result, expected) => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    expect(await behalf.run(writes, call(), () => result)).toMatchObject({ status: 'done' })
    const again = await behalf.run(writes, call(), () => 'ran again')
    expect(again).toMatchObject(expected)
    if (again.status === 'done') expect(again.result).toEqual(result)
  })

  test('where the store did not take it, the trace says why', async () => {
    const { guard, call, store } = smallWorld()
    let isStuck = false
    const behalf = guard({
      timeoutMs: 1_000,
      store: tapped(store, (operation, key, next) =>
        isStuck && operation === 'put' && key.startsWith('run:') ? new Promise<never>(() => {}) : next(),
      ),
    })
    const outcome = await behalf.run(writes, call(), () => {
      isStuck = true
      return 'ran'
    })
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({
      step: 'complete',
      detail: expect.stringMatching(/could not be stored: .*(time|within|answer)/),
    })
  })
})

test('a credential ends with its call, whether the body returned or threw (I6)', async () => {
  const { guard, call } = smallWorld()
  const vault: Vault = {
    specificationVersion: 1,
    token: async ({ scopes }) => ({ status: 'token', token: new Token('a-token'), scopes }),
  }
  const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
  const behalf = guard({ vault, fetch: async () => new Response('sent') })
  for (const fails of [false, true]) {
    let kept: Credential | undefined
    const running = behalf.run(policy(schema, { access: { mail } }), call(), async (_, { access }) => {
      kept = access.mail
      await kept.fetch('https://mail.example/send')
      if (fails) throw new Error('of the body')
    })
    await running.catch(() => {})
    await expect(kept?.fetch('https://mail.example/send')).rejects.toMatchObject({ reason: 'call_ended' })
  }
})

describe('for whom a call is made (I1)', () => {
  test.each<readonly [string, Identity, string]>([
    ['a user', user(), 'verified user'],
    ['an agent', admit({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {} }), 'verified agent, no user'],
  ])('the trace says that it was %s', async (_, identity, detail) => {
    const { guard, call } = smallWorld()
    const { trace } = await guard().run(reads, call({ identity }), () => 'ran')
    expect(trace.steps).toContainEqual(expect.objectContaining({ step: 'identity', verdict: 'passed', detail }))
  })

  test.each([
    [29.9, { status: 'done' }],
    [30, { status: 'interrupted', interrupt: { kind: 'login_required' } }],
  ])('%s seconds after the proof expired', async (after, expected) => {
    const { guard, call, clock } = smallWorld()
    const identity = user({ expiresAt: clock.now() / 1000 - after })
    expect(await guard().run(reads, call({ identity }), () => 'ran')).toMatchObject(expected)
  })
})

test('a schema that changed nothing is asked once (A10)', async () => {
  const { guard, call } = smallWorld()
  let asked = 0
  const validate = (value: unknown) => {
    asked++
    return { value }
  }
  const counting = policy({ '~standard': { version: 1, vendor: 'test', validate } }, {})
  expect(await guard().run(counting, call(), () => 'ran')).toMatchObject({ status: 'done' })
  expect(asked).toBe(1)
})
