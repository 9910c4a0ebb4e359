import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { createGuard, memoryStore, type Store } from '../../../src/index.ts'
import type { AccountLinker, LinkedAccount } from '../../../src/vault/account-linker.ts'
import { connectAccounts } from '../../../src/vault/pages/connect-accounts.ts'
import { app, ORIGIN, onlyQuestion, pick } from '../runs/app.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { ISSUER } from '../runs/people.ts'
import { user } from './world.ts'

const ann = { issuer: ISSUER, subject: 'ann' }

describe('a proof that is revoked while an account is linked by it (I11)', () => {
  const account: LinkedAccount = { connection: 'crm', id: 'a-1', scopes: [], status: 'connected' }
  const issuer = 'https://login.example'

  function connecting(over: { readonly store?: Store; readonly meanwhile: (store: Store) => Promise<void> }) {
    const clock = testClock()
    const { store = memoryStore({ clock }), meanwhile } = over
    const linked: LinkedAccount[] = []
    const told: unknown[] = []
    const linker: AccountLinker = {
      specificationVersion: 1,
      available: async () => [],
      list: async () => linked,
      connect: async () => ({ status: 'unknown_connection', detail: '' }),
      complete: async () => {
        linked.push(account)
        await meanwhile(store)
        return { status: 'connected', account }
      },
      disconnect: async (_identity, { account: id }) => {
        linked.splice(
          linked.findIndex((each) => each.id === id),
          1,
        )
        return { status: 'disconnected', revoked: true }
      },
    }
    const handler = connectAccounts({
      linker,
      identityOf: () => user(),
      baseUrl: 'https://app.example/connections',
      store,
      clock,
      onConnected: (connected) => void told.push(connected),
    })
    const back = () => handler(new Request('https://app.example/connections/callback/crm?state=s&code=c'))
    const guard = createGuard({
      authorizationServer: oidc({ issuer, clientId: 'app', clientSecret: 's' }),
      agent: { name: 'agent:crm' },
      store,
      clock,
    })
    return { back, guard, linked, told }
  }

  test(verifies('I11', 'links nothing: the account is disconnected again, without an event'), async () => {
    const target = connecting({ meanwhile: async () => void (await target.guard.revoke({ issuer, subject: 'ann' })) })
    expect((await target.back()).status).toBe(401)
    expect([target.linked, target.told]).toEqual([[], []])
  })

  test('nor does one of which nothing is known after the write', async () => {
    let isDown = false
    const store = tapped(memoryStore({ clock: testClock() }), (_operation, _key, next) =>
      isDown ? Promise.reject(new StoreError('unavailable', 'down')) : next(),
    )
    const target = connecting({
      store,
      meanwhile: async () => {
        isDown = true
      },
    })
    expect((await target.back()).status).toBe(503)
    expect([target.linked, target.told]).toEqual([[], []])
  })

  test('one that stays good links the account', async () => {
    const target = connecting({ meanwhile: async () => {} })
    expect((await target.back()).status).toBe(303)
    expect(target.linked).toEqual([account])
  })
})

describe('the answer of a person whose proof is revoked', () => {
  test('is taken at the time when the names were read, so that a revocation it did not see is a later one', async () => {
    const bob = { issuer: ISSUER, subject: 'bob' }
    const target = app({ approver: bob })
    await target.run()
    const question = await onlyQuestion(target, 'bob')
    const read = target.clock.now() / 1000
    const { get } = target.store
    // Time passes between the names and the write.
    target.store.get = async (key) => {
      const found = await get.call(target.store, key)
      if (key.startsWith('revoked:')) target.clock.advance(2)
      return found
    }
    await target.post('bob', { ...pick(question), answer: 'approve' })
    target.store.get = get
    const { openRunStore } = await import('../../../src/runs/run-store.ts')
    const entry = await openRunStore({ store: target.store, clock: target.clock }).read(question.id)
    expect(entry?.record.question?.answer).toMatchObject({ decision: 'approved', at: read })
  })

  test('is not taken', async () => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    // Of another session: the question stays open, and the person is not signed in.
    await target.guard.revoke({ issuer: ISSUER, session: 'session-of-ann' })
    expect((await target.post('ann', { ...pick(question), answer: 'approve' })).status).toBe(401)
    await target.guard.revoke(ann)
    expect((await target.post('ann', { ...pick(question), answer: 'approve' })).status).toBe(401)
  })

  test.each(['approve', 'reopen'])(
    verifies('I11', 'is not taken where their session ended while the body of the request came: %s'),
    async (answer) => {
      const target = app({ approver: { issuer: ISSUER, subject: 'bob' } })
      await target.run()
      const question = pick(await onlyQuestion(target, 'bob'))
      if (answer === 'reopen') await target.post('bob', { ...question, answer: 'deny' })
      const [read, sent] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()]
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            read.resolve()
            controller.enqueue(new TextEncoder().encode(await sent.promise))
            controller.close()
          },
        },
        { highWaterMark: 0 },
      )
      const headers = { cookie: 'session=bob', 'content-type': 'application/json', origin: ORIGIN }
      const init = { method: 'POST', headers, body, duplex: 'half' }
      const answered = target.inbox(new Request(`${ORIGIN}/inbox`, init as RequestInit))
      await read.promise
      await target.guard.revoke({ issuer: ISSUER, session: 'session-of-bob' })
      sent.resolve(JSON.stringify({ ...question, answer }))
      expect((await answered).status).toBe(401)
      const outcome = answer === 'reopen' ? { code: 'approval_denied' } : { status: 'interrupted' }
      expect(await target.run()).toMatchObject(outcome)
      expect(target.ran).toEqual([])
    },
  )
})
