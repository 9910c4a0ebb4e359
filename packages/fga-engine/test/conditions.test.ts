import { describe, expect, test } from 'vitest'
import { loadCel } from '../src/conditions/index.ts'
import { createEngine } from '../src/index.ts'
import { asking } from './models/asking.ts'
import { coercions, conditionModel } from './models/coercions.ts'
import { tuple } from './models/from-language.ts'

/** One answer about a condition, with the context of the question. */
const evaluated = (parameters: Record<string, string>, expression: string, context?: Record<string, unknown>) =>
  asking(conditionModel(parameters, expression), tuple('user:ann viewer document:1', 'rule'))(
    'user:ann viewer document:1',
    context && { context },
  )

const error = 'validation_error'

describe('parameters are read as the server reads them', () => {
  test.each(coercions)('%s: %s of %j', async (type, expression, value, answer) => {
    expect(await evaluated({ v: type }, expression, { v: value })).toBe(answer)
  })
})

describe('what is missing or wrong is an error', () => {
  test('a parameter, also where the expression does not need it', async () => {
    expect(await evaluated({ v: 'int', w: 'int' }, 'v == 1 || w == 2', { v: 1 })).toBe(error)
    expect(await evaluated({ v: 'int', w: 'int' }, 'v == 1 || w == 2', { v: 1, w: 0 })).toBe(true)
    expect(await evaluated({ v: 'int' }, 'v == 1')).toBe(error)
  })

  test('an expression that fails', async () => {
    expect(await evaluated({ v: 'int' }, '10 / v > 1', { v: 0 })).toBe(error)
    expect(await evaluated({ v: 'list<int>' }, 'v[3] == 1', { v: [1] })).toBe(error)
  })

  test('any context for a condition without parameters', async () => {
    expect(await evaluated({}, '1 == 1')).toBe(true)
    expect(await evaluated({}, '1 == 1', { v: 1 })).toBe(error)
  })

  test('fields that no parameter is called are passed over', async () => {
    expect(await evaluated({ v: 'int' }, 'v == 1', { v: 1, w: 'x', constructor: 1 })).toBe(true)
  })

  test('a parameter is not what every object inherits', async () => {
    expect(await evaluated({ constructor: 'any' }, 'true', {})).toBe(error)
    expect(await evaluated({ constructor: 'any' }, 'true', { constructor: 1 })).toBe(true)
  })
})

test('a pattern is matched in linear time', async () => {
  const began = performance.now()
  const hard = `${'a'.repeat(40)}!`
  expect(await evaluated({ v: 'string' }, 'v.matches("^(a+)+$")', { v: hard })).toBe(false)
  expect(performance.now() - began).toBeLessThan(1000)
})

describe('the evaluator of expressions', () => {
  test('is asked for where a model has conditions, by name', async () => {
    const absent = () =>
      Promise.reject(Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' }))
    await expect(loadCel(absent)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('install @bufbuild/cel and @bufbuild/protobuf'),
    })
  })

  test('names a condition that does not parse, at ready() and at each question', async () => {
    const given = conditionModel({ v: 'int' }, 'v == 1')
    const conditions = { rule: { name: 'rule', expression: 'v ==', parameters: {} } }
    const engine = createEngine({ model: { ...given, conditions } })
    const wrong = { code: 'ERR_CONFIGURATION', option: 'model.conditions.rule' }
    await expect(engine.ready()).rejects.toMatchObject(wrong)
    await expect(engine.check(tuple('user:ann viewer document:1'))).rejects.toMatchObject(wrong)
  })

  test('names a parameter type that does not exist', async () => {
    const given = conditionModel({ v: 'int' }, 'v == 1')
    const conditions = {
      rule: { name: 'rule', expression: 'v == 1', parameters: { v: { type_name: 'TYPE_NAME_SET' } } },
    }
    await expect(createEngine({ model: { ...given, conditions } }).ready()).rejects.toMatchObject({
      option: 'model.conditions.rule',
    })
  })
})
