import { describe, expect, test } from 'vitest'
import type { FgaTuple } from '../src/index.ts'
import { type Raw, read } from './raw.ts'
import { sharedTarget } from './shared-target.ts'

const world = sharedTarget()

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Raw> {
  const { apiUrl, storeId, apiToken } = world.target.openFga
  return read(
    await fetch(`${apiUrl}/stores/${storeId}/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiToken}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
}

const key = (text: string) => {
  const [user = '', relation = '', object = ''] = text.split(' ')
  return { user, relation, object }
}

const now = () => new Date().toISOString()

async function allows(question: string, more: Record<string, unknown> = {}): Promise<unknown> {
  const { body } = await post('check', { tuple_key: key(question), context: { now: now() }, ...more })
  return body.allowed ?? body.code
}

const write = (...tuples: readonly (string | FgaTuple)[]) =>
  world.target.openFga.controls.write(...tuples.map((tuple) => (typeof tuple === 'string' ? key(tuple) : tuple)))

describe('check', () => {
  test('permits only owners, traders and viewers of a portfolio', async () => {
    await write('user:tom trader portfolio:p-ann', 'user:vic viewer portfolio:p-ann')
    const rights = async (user: string) => [
      await allows(`user:${user} user_can_view portfolio:p-ann`),
      await allows(`user:${user} user_can_trade portfolio:p-ann`),
    ]
    expect(await rights('ann')).toEqual([true, true])
    expect(await rights('tom')).toEqual([true, true])
    expect(await rights('vic')).toEqual([true, false])
    expect(await rights('bob')).toEqual([false, false])
  })

  test('follows groups into roles, wildcards, and administrators from the organization', async () => {
    await write(
      'user:gus member group:inner',
      'group:inner#member member group:outer',
      // A circle of groups is no path to yes, and ends.
      'group:outer#member member group:inner',
      'group:outer#member assignee role:desk',
      'role:desk#assignee trader portfolio:p-ann',
      'organization:acme org portfolio:p-ann',
      'user:amy admin organization:acme',
      'user:* user_can_call tool:prices',
    )
    expect(await allows('user:gus user_can_trade portfolio:p-ann')).toBe(true)
    expect(await allows('user:eve user_can_trade portfolio:p-ann')).toBe(false)
    expect(await allows('user:amy user_can_view portfolio:p-ann')).toBe(true)
    expect(await allows('user:amy user_can_trade portfolio:p-ann')).toBe(false)
    expect(await allows('user:eve user_can_call tool:prices')).toBe(true)
    expect(await allows('agent:trader user_can_call tool:prices')).toBe(false)
    expect(await allows('role:desk#assignee trader portfolio:p-ann')).toBe(true)
  })

  test('lets an agent act for its user while the delegation lasts', async () => {
    expect(await allows('user:ann acts_for agent:trader')).toBe(true)
    expect(await allows('user:ann acts_for agent:other')).toBe(false)
    const late = new Date(Date.now() + 31 * 86_400_000).toISOString()
    expect(await allows('user:ann acts_for agent:trader', { context: { now: late } })).toBe(false)
  })

  test('holds an agent to its mandate', async () => {
    const trade = (context: Record<string, unknown>) =>
      allows('agent:trader agent_can_trade portfolio:p-ann', {
        context: { now: now(), amount: 50, symbol: 'AAPL', side: 'buy', ...context },
      })
    expect(await trade({})).toBe(true)
    expect(await trade({ amount: 1000 })).toBe(true)
    expect(await trade({ amount: 1001 })).toBe(false)
    expect(await trade({ amount: 0 })).toBe(false)
    expect(await trade({ symbol: 'TSLA' })).toBe(false)
    expect(await trade({ side: 'short' })).toBe(false)
    // A limit on the tuple wins over one that the caller brings.
    expect(await trade({ amount: 1001, max_amount: 5000 })).toBe(false)
    expect(await trade({ amount: undefined })).toBe('validation_error')
    // OpenFGA reads numbers from texts as well.
    expect(await trade({ amount: '50' })).toBe(true)
    expect(await trade({ amount: 'fifty' })).toBe('validation_error')
    expect(await trade({ amount: 5.5 })).toBe('validation_error')
    expect(await trade({ now: 'today' })).toBe('validation_error')
  })

  test('takes a plain yes of a union over a missing fact in it', async () => {
    expect(await allows('agent:trader agent_can_view portfolio:p-ann')).toBe(true)
    await world.target.openFga.controls.remove(key('agent:trader agent_viewer portfolio:p-ann'))
    expect(await allows('agent:trader agent_can_view portfolio:p-ann')).toBe('validation_error')
  })

  test('stops an agent that the organization suspended', async () => {
    await write('organization:acme org portfolio:p-ann')
    expect(await allows('agent:trader agent_can_view portfolio:p-ann')).toBe(true)
    await write('agent:trader suspended organization:acme')
    expect(await allows('agent:trader agent_can_view portfolio:p-ann')).toBe(false)
    expect(await allows('agent:trader agent_can_view portfolio:p-bob')).toBe(true)
  })

  test('ignores tuples that the model does not take', async () => {
    await write('agent:trader owner portfolio:p-ann', 'user:eve agent_trader portfolio:p-ann')
    expect(await allows('agent:trader user_can_trade portfolio:p-ann')).toBe(false)
    // Without its condition a mandate gives no right.
    await world.target.openFga.controls.remove(key('agent:trader agent_trader portfolio:p-ann'))
    await write('agent:trader agent_trader portfolio:p-ann')
    expect(await allows('agent:trader agent_can_trade portfolio:p-ann')).toBe(false)
  })

  test('takes contextual tuples, strictly', async () => {
    const contextual = (tuple: string) => ({ contextual_tuples: { tuple_keys: [key(tuple)] } })
    const question = 'user:eve user_can_view portfolio:p-ann'
    expect(await allows(question, contextual('user:eve viewer portfolio:p-ann'))).toBe(true)
    expect(await allows(question)).toBe(false)
    expect(await allows(question, contextual('user:eve viewing portfolio:p-ann'))).toBe('invalid_tuple')
    expect(await allows(question, contextual('group:g viewer portfolio:p-ann'))).toBe('invalid_tuple')
    const many = { contextual_tuples: { tuple_keys: Array(101).fill(key('user:eve viewer portfolio:p-ann')) } }
    expect(await allows(question, many)).toBe('validation_error')
  })

  test.each([
    ['an unknown type', 'user:ann user_can_view wallet:w1'],
    ['an unknown relation', 'user:ann can_fly portfolio:p-ann'],
    ['an unknown user type', 'robot:r1 user_can_view portfolio:p-ann'],
    ['a user without a type', 'ann user_can_view portfolio:p-ann'],
    ['an object with a relation', 'user:ann user_can_view portfolio:p-ann#owner'],
  ])('refuses %s', async (_name, question) => {
    expect(await allows(question)).toBe('validation_error')
  })

  test('answers under the model that is asked for, and names it', async () => {
    const { authorizationModelId } = world.target.openFga
    const body = { tuple_key: key('user:ann owner portfolio:p-ann') }
    const answer = await post('check', { ...body, authorization_model_id: authorizationModelId })
    expect([answer.body.allowed, answer.headers.get('openfga-authorization-model-id')]).toEqual([
      true,
      authorizationModelId,
    ])
    const other = await post('check', { ...body, authorization_model_id: '01JDG8ZCQ4T0STDCK7M0DE1999' })
    expect([other.status, other.body.code]).toEqual([400, 'authorization_model_not_found'])
  })

  test('needs the API token, the store, and a body that is one', async () => {
    const body = { tuple_key: key('user:ann owner portfolio:p-ann') }
    expect(await post('check', body, { authorization: 'Bearer wrong' })).toMatchObject({
      status: 401,
      body: { code: 'auth_failed_invalid_bearer_token' },
    })
    const { apiUrl, storeId, apiToken } = world.target.openFga
    expect((await fetch(`${apiUrl}/stores/${storeId}/check`, { method: 'POST' })).status).toBe(401)
    const headers = { authorization: `Bearer ${apiToken}` }
    const elsewhere = `${apiUrl}/stores/01JDG8ZCQ4T0STDCK70KT0RE99/check`
    const refused = await fetch(elsewhere, { method: 'POST', headers, body: JSON.stringify(body) })
    expect([refused.status, (await refused.json()).code]).toEqual([400, 'latest_authorization_model_not_found'])
    expect(await post('check', '{')).toMatchObject({ status: 400, body: { code: 'validation_error' } })
    expect(await post('check', {})).toMatchObject({ status: 400, body: { code: 'tuple_key_value_not_specified' } })
    expect(await post('nowhere', {})).toMatchObject({ status: 404 })
  })
})

describe('batch-check', () => {
  const item = (id: string, question = 'user:ann owner portfolio:p-ann') => ({
    correlation_id: id,
    tuple_key: key(question),
    context: { now: now() },
  })

  test('answers each item under its id, errors one by one', async () => {
    const checks = [
      item('yes'),
      item('no', 'user:bob owner portfolio:p-ann'),
      item('bad', 'user:ann can_fly portfolio:p-ann'),
    ]
    expect((await post('batch-check', { checks })).body.result).toEqual({
      yes: { allowed: true },
      no: { allowed: false },
      bad: { error: { input_error: 'validation_error', message: expect.any(String) } },
    })
  })

  test.each([
    ['no items', []],
    ['more than 50 items', Array.from({ length: 51 }, (_, index) => item(`id-${index}`))],
    ['an id twice', [item('id'), item('id')]],
    ['an empty id', [item('')]],
    ['an id of 37 characters', [item('x'.repeat(37))]],
    ['an id with other characters', [item('a:b')]],
    ['an item without an id', [{ tuple_key: key('user:ann owner portfolio:p-ann') }]],
  ])('refuses %s', async (_name, checks) => {
    expect(await post('batch-check', { checks })).toMatchObject({ status: 400, body: { code: 'validation_error' } })
  })

  test('takes 50', async () => {
    const checks = Array.from({ length: 50 }, (_, index) => item(`id_${index}-x`))
    expect(Object.keys((await post('batch-check', { checks })).body.result)).toHaveLength(50)
  })
})

describe('the other endpoints', () => {
  test('list-objects finds what check allows', async () => {
    await write('user:ann viewer portfolio:p-bob')
    const list = async (relation: string) =>
      (await post('list-objects', { type: 'portfolio', relation, user: 'user:ann' })).body
    expect((await list('user_can_view')).objects.sort()).toEqual(['portfolio:p-ann', 'portfolio:p-bob'])
    expect((await list('user_can_trade')).objects).toEqual(['portfolio:p-ann'])
    expect((await list('can_fly')).code).toBe('relation_not_found')
  })

  test('write adds and deletes, all or nothing, and read pages', async () => {
    const tuples = Array.from({ length: 5 }, (_, index) => key(`user:u${index} viewer portfolio:shared`))
    expect((await post('write', { writes: { tuple_keys: tuples } })).status).toBe(200)
    const seen: string[] = []
    let token = ''
    do {
      const { body } = await post('read', {
        tuple_key: { object: 'portfolio:shared' },
        page_size: 2,
        continuation_token: token,
      })
      seen.push(...body.tuples.map((tuple: { key: { user: string } }) => tuple.key.user))
      token = body.continuation_token
    } while (token !== '')
    expect(seen).toEqual(['user:u0', 'user:u1', 'user:u2', 'user:u3', 'user:u4'])
    const both = { writes: { tuple_keys: [key('user:new viewer portfolio:shared'), tuples[0]] } }
    expect((await post('write', both)).body.code).toBe('write_failed_due_to_invalid_input')
    expect(await allows('user:new viewer portfolio:shared')).toBe(false)
    expect((await post('write', { deletes: { tuple_keys: [tuples[0]] } })).status).toBe(200)
    expect(await allows('user:u0 viewer portfolio:shared')).toBe(false)
    expect((await post('write', { deletes: { tuple_keys: [tuples[0]] } })).status).toBe(400)
  })

  test.each([
    ['a type that the relation does not take', [key('agent:trader owner portfolio:p-ann')]],
    ['a relation that is computed', [key('user:ann user_can_view portfolio:p-ann')]],
    ['a mandate without its condition', [key('agent:x agent_trader portfolio:p-ann')]],
    ['more than 100 tuples', Array.from({ length: 101 }, (_, index) => key(`user:u${index} viewer portfolio:many`))],
    ['nothing', []],
  ])('write refuses %s', async (_name, tuple_keys) => {
    expect((await post('write', { writes: { tuple_keys } })).status).toBe(400)
  })

  test('a written tuple is replaced by control, and reset brings the beginning back', async () => {
    const { controls } = world.target.openFga
    const before = await controls.tuples()
    await write({
      ...key('user:ann acts_for agent:trader'),
      condition: { name: 'unexpired', context: { expires_at: now() } },
    })
    expect(await allows('user:ann acts_for agent:trader')).toBe(false)
    expect(await controls.tuples()).toHaveLength(before.length)
    await controls.reset()
    expect(await allows('user:ann acts_for agent:trader')).toBe(true)
  })
})
