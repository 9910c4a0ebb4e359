import { describe, expect, test } from 'vitest'
import { createEngine, createHandler } from '../src/index.ts'
import { model, tuple } from './models/from-language.ts'

const STORE = '01JDG8ZCQ4T0STDCK70KT0RE01'

const written = model(`
type user
type document
  relations
    define viewer: [user with enough]
    define editor: [user with anything]
condition enough(x: double) {
  x > 100.0
}
condition anything(value: string) {
  value == value
}`)

// The language has no name for the type of any value.
const anything = {
  name: 'anything',
  expression: 'value == value',
  parameters: { value: { type_name: 'TYPE_NAME_ANY' as const } },
}
const limited = { ...written, conditions: { ...written.conditions, anything } }

const engine = createEngine({
  model: limited,
  tuples: [tuple('user:ann viewer document:1', 'enough'), tuple('user:ann editor document:1', 'anything')],
})
const handler = createHandler({ engine, storeId: STORE })

async function post(path: string, body: string) {
  const headers = { 'content-type': 'application/json' }
  const response = await handler(
    new Request(`https://fga.example/stores/${STORE}/${path}`, { method: 'POST', headers, body }),
  )
  return { status: response.status, body: await response.json() }
}

const refused = { status: 400, body: { code: 'validation_error' } }
const key = (relation: string) => JSON.stringify(tuple(`user:ann ${relation} document:1`))
/** JSON text: `JSON.stringify` itself would give up. */
const nested = (levels: number, open = '{"a":', close = '}') => `${open.repeat(levels)}1${close.repeat(levels)}`

describe('a context that is nested', () => {
  test.each([
    ['6,000 objects', nested(6000)],
    ['6,000 lists', nested(6000, '[', ']')],
    ['200,000 objects', nested(50_000)],
  ])('%s deep is refused, wherever it stands', async (_name, value) => {
    const context = `{"value":${value}}`
    expect(await post('check', `{"tuple_key":${key('editor')},"context":${context}}`)).toMatchObject(refused)
    const conditional = `{"user":"user:bob","relation":"editor","object":"document:1","condition":{"name":"anything","context":${context}}}`
    const contextual = `{"tuple_key":${key('editor')},"contextual_tuples":{"tuple_keys":[${conditional}]}}`
    expect(await post('check', contextual)).toMatchObject({ status: 400, body: { code: 'invalid_tuple' } })
    expect(await post('write', `{"writes":{"tuple_keys":[${conditional}]}}`)).toMatchObject(refused)
    const list = `{"type":"document","relation":"editor","user":"user:ann","context":${context}}`
    expect(await post('list-objects', list)).toMatchObject(refused)
  })

  test('500 deep is evaluated', async () => {
    const body = `{"tuple_key":${key('editor')},"context":{"value":${nested(500)}}}`
    expect(await post('check', body)).toMatchObject({ status: 200, body: { allowed: true } })
  })

  test('in itself, once or twice, is refused', async () => {
    const once: Record<string, unknown> = {}
    once.a = once
    const twice: Record<string, unknown> = {}
    Object.assign(twice, { a: twice, b: twice })
    for (const value of [once, twice]) {
      const question = { ...tuple('user:ann editor document:1'), context: { value } }
      await expect(engine.check(question)).rejects.toMatchObject({ code: 'validation_error' })
    }
  })
})

describe('a number that JSON cannot write', () => {
  test.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])('%s allows nothing', async (x) => {
    const question = tuple('user:ann viewer document:1')
    for (const context of [{ x }, { x: [x] }, { y: { x } }]) {
      await expect(engine.check({ ...question, context })).rejects.toMatchObject({ code: 'validation_error' })
    }
    await expect(
      engine.listObjects({ user: 'user:ann', relation: 'viewer', type: 'document', context: { x } }),
    ).rejects.toMatchObject({ code: 'validation_error' })
    const contextualTuples = [tuple('user:bob viewer document:1', 'enough', { x })]
    await expect(engine.check({ ...tuple('user:bob viewer document:1'), contextualTuples })).rejects.toMatchObject({
      code: 'invalid_tuple',
    })
  })

  test('as it is written in JSON, 1e400, is refused', async () => {
    expect(await post('check', `{"tuple_key":${key('viewer')},"context":{"x":1e400}}`)).toMatchObject(refused)
  })

  test('is refused where it is no JSON in another way', async () => {
    const question = tuple('user:ann editor document:1')
    for (const value of [10n, () => true, Symbol('x'), new Date(), new Map(), new (class {})()]) {
      await expect(engine.check({ ...question, context: { value } })).rejects.toMatchObject({
        code: 'validation_error',
      })
    }
  })
})
