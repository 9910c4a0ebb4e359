import { expect, test } from 'vitest'
import { type AuthorizationModel, createEngine, type Tuple } from '../src/index.ts'
import { within } from './models/within.ts'

const model: AuthorizationModel = {
  schema_version: '1.1',
  conditions: within(),
  type_definitions: [
    { type: 'user' },
    {
      type: 'account',
      relations: { payer: { this: {} } },
      metadata: {
        relations: {
          payer: { directly_related_user_types: [{ type: 'user' }, { type: 'user', condition: 'within' }] },
        },
      },
    },
  ],
}
const anns: Tuple = { user: 'user:ann', relation: 'payer', object: 'account:ann' }
const payer = (user: string, object = 'account:ann') => ({ user, relation: 'payer', object })

test('a question keeps what it came with, where its caller fills in the same object for the next one', async () => {
  const engine = createEngine({ model, tuples: [anns] })
  const question = payer('user:bob')
  const bobs = [
    engine.check(question),
    engine.explain(question),
    engine.batchCheck([{ ...question, correlationId: 'b' }]),
  ]
  const list = { user: 'user:bob', relation: 'payer', type: 'account' }
  const listed = engine.listObjects(list)
  const item = { ...payer('user:bob'), correlationId: 'b' }
  const batch = engine.batchCheck([item])
  const users = { object: 'account:bob', relation: 'payer', filter: 'user' }
  const found = engine.listUsers(users)
  for (const one of [question, list, item]) one.user = 'user:ann'
  users.object = 'account:ann'
  const [allowed, why] = await Promise.all(bobs)
  expect(allowed).toBe(false)
  expect(why).toMatchObject({ verdict: 'denied' })
  expect(await listed).toEqual([])
  expect((await batch).get('b')).toEqual({ allowed: false })
  expect(await found).toEqual([])
})

test('a tuple of a question has the limit that it came with, where it is filled in for each user', async () => {
  const engine = createEngine({ model })
  const tuple = { ...payer('user:ann'), condition: { name: 'within', context: { limit: 1000 } } }
  const asked = (user: string) => engine.check({ ...payer(user), context: { amount: 500 }, contextualTuples: [tuple] })
  expect(await asked('user:ann')).toBe(true)
  Object.assign(tuple, payer('user:bob'))
  tuple.condition.context.limit = 10
  expect(await asked('user:bob')).toBe(false)
})

test('facts of a question do not change while its tuples are read', async () => {
  const rows = [{ ...anns, condition: { name: 'within', context: { limit: 100 } } }]
  const read = Promise.withResolvers<void>()
  const tuplesOf = async () => read.promise.then(() => rows)
  const engine = createEngine({ model, tuples: { tuplesOf, objectsOf: () => ['account:ann'] } })
  await engine.ready()
  const context = { amount: 500, of: { currency: 'USD' } }
  const contextual = payer('user:eve')
  const large = engine.check({ ...payer('user:ann'), context })
  const other = engine.check({ ...payer('user:bob'), contextualTuples: [contextual] })
  context.amount = 1
  contextual.user = 'user:bob'
  read.resolve()
  expect(await Promise.all([large, other])).toEqual([false, false])
})

test('a write uses the request as it came', async () => {
  const engine = createEngine({ model })
  const tuple = payer('user:ann')
  const request = { writes: [tuple] }
  const written = engine.write(request)
  Object.assign(tuple, payer('user:bob'))
  await written
  expect([await engine.check(payer('user:ann')), await engine.check(payer('user:bob'))]).toEqual([true, false])
  const [first, second] = [{ object: 'account:none' }, { object: 'account:ann' }]
  const page = engine.read(first)
  Object.assign(first, second)
  expect((await page).tuples).toEqual([])
})

test('an engine keeps its model, where the app goes on with the same object for the next engine', async () => {
  const own = structuredClone(model)
  const tuple = { ...anns, condition: { name: 'within', context: { limit: 10 } } }
  const engine = createEngine({ model: own, tuples: [tuple] })
  const { conditions } = own as { conditions: Record<string, { expression: string }> }
  Object.assign(conditions.within as object, { expression: 'amount > limit' })
  expect(await engine.check({ ...payer('user:ann'), context: { amount: 500 } })).toBe(false)
  const [, account] = own.type_definitions
  Object.assign(account?.relations as object, { payer: { computedUserset: { relation: 'owner' } } })
  expect(engine.model.type_definitions).toEqual(model.type_definitions)
})
