import { OpenFgaClient } from '@openfga/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../src/base/contract/index.ts'
import { ConfigurationError } from '../../src/base/errors/index.ts'
import { type FgaClient, fgaClient, filterAllowed, type HttpOptions, openFga } from '../../src/entrypoints/fga.ts'
import { admit } from '../../src/identity/verified.ts'
import { may, object } from '../../src/index.ts'
import { createLiveStore, type LiveStore, OPENFGA_URL } from './live-store.ts'

if (OPENFGA_URL === undefined) console.log('not run: OPENFGA_URL does not say where an OpenFGA answers')

const NOW = Date.parse('2026-11-25T10:00:00Z')
const inAMonth = { expires_at: '2026-12-25T10:00:00Z' }
const unexpired = { name: 'unexpired', context: inAMonth }
const mandate = {
  name: 'within_mandate',
  context: { ...inAMonth, max_amount: 100, symbols: ['AAPL'], sides: ['buy', 'sell'] },
}
const ann = admit<UserIdentity>({ kind: 'user', issuer: 'https://login.example.com', subject: 'ann', claims: {} })
const bob = admit<UserIdentity>({ kind: 'user', issuer: 'https://login.example.com', subject: 'bob', claims: {} })
const p1 = object('portfolio', 'p1')
const relations = { user: (r: string) => `user_${r}`, agent: (r: string) => `agent_${r}`, delegation: 'acts_for' }

let store: LiveStore
let client: FgaClient
const checker = (over: Partial<HttpOptions> = {}) =>
  openFga({ ...store.options, relations, clock: { now: () => NOW }, ...over })
const order = (over: object = {}) =>
  may('can_trade', p1, { context: { symbol: 'AAPL', side: 'buy', amount: 50, ...over } })
const ask = (permission = may('can_view', p1), over: object = {}) =>
  checker().check({ identity: ann, agent: 'agent:bot', permissions: [permission], effect: 'write', ...over })

describe.runIf(OPENFGA_URL !== undefined)('a real OpenFGA', () => {
  beforeAll(async () => {
    store = await createLiveStore()
    client = fgaClient(store.options)
    const written = await client.write({
      writes: [
        { user: 'user:ann', relation: 'owner', object: 'portfolio:p1' },
        { user: 'user:bob', relation: 'viewer', object: 'portfolio:p1' },
        { user: 'organization:o', relation: 'org', object: 'portfolio:p1' },
        { user: 'user:ann', relation: 'acts_for', object: 'agent:bot', condition: unexpired },
        { user: 'agent:bot', relation: 'agent_trader', object: 'portfolio:p1', condition: mandate },
        { user: 'agent:bot', relation: 'agent_viewer', object: 'portfolio:p1', condition: unexpired },
        ...Array.from({ length: 20 }, (_, index) => [
          {
            user: index % 2 === 0 ? 'portfolio:p1' : 'portfolio:p2',
            relation: 'portfolio',
            object: `document:d${index}`,
          },
        ]).flat(),
      ],
    })
    expect(written).toEqual({ status: 'written' })
  })
  afterAll(() => store?.delete())

  describe('the intersection', () => {
    test('allows what user, agent and delegation allow', async () => {
      const decision = await ask()
      expect(decision).toEqual({
        allowed: true,
        checks: [
          { question: 'user:ann user_can_view portfolio:p1', allowed: true },
          { question: 'agent:bot agent_can_view portfolio:p1', allowed: true },
          { question: 'user:ann acts_for agent:bot', allowed: true },
        ],
      })
      expect((await ask(order())).allowed).toBe(true)
    })

    test.each([
      ['too much', { amount: 101 }],
      ['nothing', { amount: 0 }],
      ['another symbol', { symbol: 'TSLA' }],
      ['another side', { side: 'short' }],
    ])('denies %s', async (_, over) => {
      const decision = await ask(order(over))
      expect(decision.checks.map(({ allowed }) => allowed)).toEqual([true, false, true])
    })

    test('a limit on the tuple is not set by the question', async () => {
      expect((await ask(order({ amount: 5_000, max_amount: 10_000 }))).allowed).toBe(false)
    })

    test('a fact that is missing denies', async () => {
      const decision = await ask(may('can_trade', p1, { context: { symbol: 'AAPL' } }))
      expect(decision.allowed).toBe(false)
      expect(decision.checks[1]?.problem).toEqual(expect.any(String))
    })

    test('a mandate alone lets no user look, unless the question carries the facts of an order', async () => {
      await client.write({
        writes: [
          { user: 'user:ann', relation: 'acts_for', object: 'agent:dealer', condition: unexpired },
          { user: 'agent:dealer', relation: 'agent_trader', object: 'portfolio:p1', condition: mandate },
        ],
      })
      const context = { symbol: 'AAPL', side: 'buy', amount: 50 }
      expect((await ask(may('can_view', p1), { agent: 'agent:dealer' })).allowed).toBe(false)
      expect((await ask(may('can_view', p1, { context }), { agent: 'agent:dealer' })).allowed).toBe(true)
    })

    test('everything ends when it ends', async () => {
      const later = checker({ clock: { now: () => NOW + 40 * 86_400_000 } })
      const decision = await later.check({ identity: ann, agent: 'agent:bot', permissions: [order()], effect: 'write' })
      expect(decision.checks.map(({ allowed }) => allowed)).toEqual([true, false, false])
    })

    test('a user who delegated nothing, and one who may not trade', async () => {
      expect((await ask(may('can_view', p1), { identity: bob })).checks.map(({ allowed }) => allowed)).toEqual([
        true,
        true,
        false,
      ])
      expect((await ask(order(), { identity: bob, subjects: 'user' })).allowed).toBe(false)
    })

    test('a suspension turns the agent off, and its end on again', async () => {
      const suspension = { user: 'agent:bot', relation: 'suspended', object: 'organization:o' }
      await client.write({ writes: [suspension] })
      expect((await ask()).checks.map(({ allowed }) => allowed)).toEqual([true, false, true])
      await client.write({ deletes: [suspension] })
      expect((await ask()).allowed).toBe(true)
    })

    test('contextual tuples count for their question', async () => {
      const asked = { identity: bob, agent: 'agent:bot', permissions: [may('can_view', p1)], effect: 'write' } as const
      const contextualTuples = () => [
        { user: 'user:bob', relation: 'acts_for', object: 'agent:bot', condition: unexpired },
      ]
      expect((await checker({ contextualTuples }).check(asked)).allowed).toBe(true)
      expect((await checker().check(asked)).allowed).toBe(false)
    })
  })

  test('the SDK’s own client gives the same decisions', async () => {
    const { credentials: _, ...options } = store.options
    const own = openFga({
      client: new OpenFgaClient({ ...options, baseOptions: { maxRedirects: 0 } }),
      authorizationModelId: store.options.authorizationModelId,
      relations,
      clock: { now: () => NOW },
    })
    for (const permission of [may('can_view', p1), order(), order({ amount: 500 }), may('can_trade', p1)]) {
      const question = { identity: ann, agent: 'agent:bot', permissions: [permission], effect: 'write' } as const
      const allowed = async (one: typeof own) => (await one.check(question)).checks.map((check) => check.allowed)
      expect(await allowed(own)).toEqual(await allowed(checker()))
    }
  })

  test('a filter keeps what may be read, in its order', async () => {
    const documents = Array.from({ length: 20 }, (_, index) => ({ id: `d${19 - index}` }))
    const found = await filterAllowed(documents, {
      permissions: checker(),
      agent: 'agent:bot',
      identity: ann,
      permission: ({ id }) => may('can_read', object('document', id)),
      effect: 'write',
    })
    expect(found.documents.map(({ id }) => id)).toEqual(
      documents.filter((_, index) => index % 2 === 1).map(({ id }) => id),
    )
  })

  describe('the client', () => {
    const asked = { user: 'user:ann', relation: 'user_can_read', object: 'document:d0' }
    const list = { user: 'user:ann', relation: 'user_can_read', type: 'document' }

    test('checks, alone and 120 at once', async () => {
      expect(await client.check(asked)).toEqual({ allowed: true })
      const many = Array.from({ length: 120 }, (_, index) => ({ ...asked, object: `document:d${index % 24}` }))
      const answers = await client.batchCheck(many)
      expect(answers.map(({ allowed }) => allowed)).toEqual(many.map((_, index) => index % 24 < 20 && index % 2 === 0))
    })

    test('one unknown relation denies its own call alone', async () => {
      const [good, bad] = await Promise.all([client.check(asked), client.check({ ...asked, relation: 'nonsense' })])
      expect([good.allowed, bad.allowed]).toEqual([true, false])
      expect(bad).toHaveProperty('problem')
    })

    test('lists and streams the same', async () => {
      const { objects, mayBeCutOff } = await client.listObjects(list)
      const names: string[] = []
      for await (const name of client.streamObjects(list)) names.push(name)
      expect(mayBeCutOff).toBeUndefined()
      expect(objects).toHaveLength(10)
      expect(names.sort()).toEqual([...objects].sort())
      await expect(client.listObjects({ ...list, type: 'nonsense' })).rejects.toThrow(ConfigurationError)
      const streaming = client
        .streamObjects({ ...list, relation: 'nonsense' })
        [Symbol.asyncIterator]()
        .next()
      await expect(streaming).rejects.toThrow(ConfigurationError)
    })

    test('pages through tuples, with their conditions', async () => {
      const first = await client.read({ object: 'document:', user: 'portfolio:p1', pageSize: 6 })
      expect(first.tuples).toHaveLength(6)
      const rest = await client.read({
        object: 'document:',
        user: 'portfolio:p1',
        ...(first.continuationToken !== undefined && { continuationToken: first.continuationToken }),
      })
      expect(rest.tuples).toHaveLength(4)
      const [bot] = (await client.read({ object: 'portfolio:p1', relation: 'agent_trader' })).tuples
      expect(bot?.condition).toEqual(mandate)
    })

    test('tells a conflict apart from a fault', async () => {
      const tuple = { user: 'user:ann', relation: 'owner', object: 'portfolio:p1' }
      expect((await client.write({ writes: [tuple] })).status).toBe('conflict')
      expect((await client.write({ deletes: [{ ...tuple, object: 'portfolio:p9' }] })).status).toBe('conflict')
      await expect(client.write({ writes: [{ ...tuple, relation: 'nonsense' }] })).rejects.toThrow(ConfigurationError)
      // A delegation without an end has no place in this model.
      const forever = { user: 'user:bob', relation: 'acts_for', object: 'agent:bot' }
      await expect(client.write({ writes: [forever] })).rejects.toThrow(ConfigurationError)
    })

    test('is answered by the model that it pins', async () => {
      const other = fgaClient({ ...store.options, authorizationModelId: store.otherModelId })
      const friend = { user: 'user:ann', relation: 'friend', object: 'user:bob' }
      expect(await other.check(friend)).toEqual({ allowed: false })
      expect(await client.check(friend)).toMatchObject({ allowed: false, problem: expect.any(String) })
      const missing = fgaClient({ ...store.options, authorizationModelId: '01KAZ000000000000000M0DE00' })
      await expect(missing.check(asked)).rejects.toThrow(/^openFga\.authorizationModelId: .*has this model/u)
    })
  })
})
