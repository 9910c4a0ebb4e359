import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { OpenFgaClient } from '@openfga/sdk'
import { describe, expect, test } from 'vitest'
import { createEngine, createHandler, type HandlerOptions, handlerFetch, memoryTuples } from '../src/index.ts'
import { tradingModel, tuple } from './models/from-language.ts'

const STORE = '01JDG8ZCQ4T0STDCK70KT0RE01'
const MODEL = '01JDG8ZCQ4T0STDCK7M0DE1001'
const JSON_TYPE = { 'content-type': 'application/json' }

function serve(options: Partial<HandlerOptions> = {}) {
  const engine = createEngine({
    model: { ...tradingModel(), id: MODEL },
    tuples: memoryTuples([tuple('user:ann owner portfolio:p1'), tuple('user:ann viewer portfolio:p2')]),
  })
  return { engine, handler: createHandler({ engine, storeId: STORE, ...options }) }
}

const { handler } = serve()

async function ask(path: string, body: unknown, to = handler) {
  const response = await to(
    new Request(`https://fga.example/stores/${STORE}/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  )
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text.startsWith('{') ? JSON.parse(text.split('\n')[0] ?? '') : undefined,
  }
}

const owner = { tuple_key: tuple('user:ann owner portfolio:p1') }

describe('answers', () => {
  test('say which model gave them', async () => {
    const { status, headers, body } = await ask('check', { ...owner, authorization_model_id: MODEL })
    expect({ status, body }).toEqual({ status: 200, body: { allowed: true, resolution: '' } })
    expect(headers.get('openfga-authorization-model-id')).toBe(MODEL)
    expect(headers.get('x-request-id')).toBeTruthy()
  })

  test('take null for absent, ignore what they do not know, and any consistency', async () => {
    const body = {
      ...owner,
      contextual_tuples: null,
      context: null,
      authorization_model_id: '',
      consistency: 'HIGHER_CONSISTENCY',
      more: 1,
    }
    expect((await ask('check', body)).body).toEqual({ allowed: true, resolution: '' })
    const contextual = { tuple_keys: [{ ...tuple('user:bob owner portfolio:p1'), condition: null }] }
    const bob = { tuple_key: tuple('user:bob owner portfolio:p1'), contextual_tuples: contextual }
    expect((await ask('check', bob)).body.allowed).toBe(true)
  })

  test('to a batch come under their ids, errors one by one', async () => {
    const { body } = await ask('batch-check', {
      checks: [
        { correlation_id: 'yes', ...owner },
        { correlation_id: 'bad', tuple_key: tuple('user:ann flies portfolio:p1') },
        {
          correlation_id: 'sent',
          ...owner,
          contextual_tuples: { tuple_keys: [tuple('user:ann user_can_view portfolio:p1')] },
        },
      ],
    })
    expect(body.result).toEqual({
      yes: { allowed: true },
      bad: { error: { input_error: 'validation_error', message: expect.any(String) } },
      sent: { error: { input_error: 'invalid_tuple', message: expect.any(String) } },
    })
  })

  test('stream objects, a line each', async () => {
    const { text } = await ask('streamed-list-objects', { type: 'portfolio', relation: 'viewer', user: 'user:ann' })
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).result.object)
        .sort(),
    ).toEqual(['portfolio:p1', 'portfolio:p2'])
  })

  test('tell the model, by its id and in a list', async () => {
    const get = async (path: string) => {
      const response = await handler(new Request(`https://fga.example/stores/${STORE}/${path}`))
      return { status: response.status, body: await response.json() }
    }
    const model = { ...tradingModel(), id: MODEL }
    expect((await get('authorization-models')).body).toEqual({ authorization_models: [model], continuation_token: '' })
    expect((await get(`authorization-models/${MODEL}`)).body).toEqual({ authorization_model: model })
    expect(await get('authorization-models/01JDG8ZCQ4T0STDCK7M0DE1009')).toMatchObject({
      status: 400,
      body: { code: 'authorization_model_not_found' },
    })
  })
})

describe('refusals have the codes of the server', () => {
  test.each<[path: string, body: unknown, status: number, code: string]>([
    ['check', '{', 400, 'validation_error'],
    ['check', '[]', 400, 'validation_error'],
    ['check', {}, 400, 'tuple_key_value_not_specified'],
    ['check', { tuple_key: { user: 1, relation: 'owner', object: 'portfolio:p1' } }, 400, 'validation_error'],
    ['check', { tuple_key: { user: 'u', relation: 'owner', object: 'portfolio:p1' } }, 400, 'validation_error'],
    ['check', { tuple_key: { user: 'user:a b', relation: 'owner', object: 'portfolio:p1' } }, 400, 'validation_error'],
    ['check', { ...owner, authorization_model_id: 'x' }, 400, 'validation_error'],
    ['check', { ...owner, authorization_model_id: STORE }, 400, 'authorization_model_not_found'],
    ['check', { ...owner, context: [1] }, 400, 'validation_error'],
    [
      'check',
      { ...owner, contextual_tuples: { tuple_keys: Array(101).fill(owner.tuple_key) } },
      400,
      'validation_error',
    ],
    ['batch-check', { checks: [] }, 400, 'validation_error'],
    ['batch-check', { checks: [{ correlation_id: 'a b', ...owner }] }, 400, 'validation_error'],
    ['batch-check', { checks: Array(2).fill({ correlation_id: 'a', ...owner }) }, 400, 'validation_error'],
    [
      'batch-check',
      { checks: Array.from({ length: 51 }, (_, index) => ({ correlation_id: `${index}`, ...owner })) },
      400,
      'validation_error',
    ],
    ['list-objects', { type: 'ship', relation: 'owner', user: 'user:ann' }, 400, 'type_not_found'],
    ['list-objects', { type: 'portfolio', relation: 'captain', user: 'user:ann' }, 400, 'relation_not_found'],
    ['list-objects', { type: 'portfolio', relation: 'owner', user: 'ship:1' }, 400, 'validation_error'],
    ['list-objects', { type: 'a:b', relation: 'owner', user: 'user:ann' }, 400, 'type_invalid_pattern'],
    ['batch-check', { checks: [{ correlation_id: 'a' }] }, 400, 'tuple_key_value_not_specified'],
    ['check', { ...owner, consistency: 99 }, 400, 'validation_error'],
    ['read', { tuple_key: { object: 'portfolio:p1', user: 'ann' } }, 400, 'validation_error'],
    ['write', {}, 400, 'invalid_write_input'],
    ['write', { writes: { tuple_keys: [] } }, 400, 'validation_error'],
    ['write', { writes: { tuple_keys: [owner.tuple_key], on_duplicate: 'never' } }, 400, 'validation_error'],
    ['read', { page_size: 0 }, 400, 'page_size_invalid'],
    ['read', { tuple_key: { user: 'user:ann' } }, 400, 'validation_error'],
    ['read', { tuple_key: { object: 'portfolio:' } }, 400, 'validation_error'],
    ['read', { continuation_token: '%' }, 400, 'invalid_continuation_token'],
    ['expand', {}, 404, 'undefined_endpoint'],
  ])('%s %j', async (path, body, status, code) => {
    expect(await ask(path, body)).toMatchObject({ status, body: { code } })
  })

  test('another store, another path, another method', async () => {
    const at = async (url: string, method = 'POST') => {
      const response = await handler(
        new Request(url, { method, ...(method === 'POST' && { body: '{}', headers: JSON_TYPE }) }),
      )
      return [response.status, (await response.json()).code]
    }
    expect(await at(`https://fga.example/stores/${STORE.toLowerCase()}/check`)).toEqual([400, 'validation_error'])
    expect(await at('https://fga.example/stores/%E0%A4%A/check')).toEqual([400, 'validation_error'])
    expect(await at('https://fga.example/')).toEqual([404, 'undefined_endpoint'])
    expect(await at(`https://fga.example/stores/${STORE}/check`, 'GET')).toEqual([404, 'unimplemented'])
  })

  test('a stream, in its own words', async () => {
    const { status, body } = await ask('streamed-list-objects', { type: 'ship', relation: 'owner', user: 'user:ann' })
    expect(status).toBe(400)
    expect(body).toMatchObject({ error: { code: 3, message: expect.stringContaining('ship'), details: [] } })
  })

  test('a store that does not exist has no models and no tuples', async () => {
    const elsewhere = `https://fga.example/stores/${MODEL}`
    const post = async (path: string, body: object) => {
      const response = await handler(
        new Request(`${elsewhere}/${path}`, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) }),
      )
      expect(response.headers.get('openfga-authorization-model-id')).toBeNull()
      const answer = await response.json()
      return answer.code ?? answer
    }
    expect(await post('check', owner)).toBe('latest_authorization_model_not_found')
    expect(await post('check', { ...owner, authorization_model_id: MODEL })).toBe('authorization_model_not_found')
    expect(await post('write', { writes: { tuple_keys: [owner.tuple_key] } })).toBe(
      'latest_authorization_model_not_found',
    )
    expect(await post('read', {})).toEqual({ tuples: [], continuation_token: '' })
    const models = await handler(new Request(`${elsewhere}/authorization-models`))
    expect(await models.json()).toEqual({ authorization_models: [], continuation_token: '' })
  })
})

test('a token is demanded where one is set', async () => {
  const guarded = serve({ apiToken: 'secret' }).handler
  expect(await ask('check', owner, guarded)).toMatchObject({ status: 401, body: { code: 'bearer_token_missing' } })
  const request = (token: string) =>
    new Request(`https://fga.example/stores/${STORE}/check`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
      body: JSON.stringify(owner),
    })
  expect((await guarded(request('other'))).status).toBe(401)
  expect((await guarded(request('secret'))).status).toBe(200)
})

test('options are held to what exists', () => {
  const { engine } = serve()
  expect(() => createHandler({ engine, storeId: 'mine' })).toThrow('storeId')
  expect(() => createHandler({ engine, storeId: STORE, token: 'x' } as never)).toThrow('token')
  expect(() => createEngine({ model: tradingModel(), tuple: [] } as never)).toThrow('tuple')
})

test('a fetch without a network heeds its signal', async () => {
  const ask = handlerFetch(handler)
  await expect(ask(`https://fga.example/stores/${STORE}/read`, { signal: AbortSignal.abort() })).rejects.toThrow()
})

test("OpenFGA's own client talks to it unchanged", async () => {
  const { handler: under } = serve({ basePath: '/fga' })
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const { method = 'GET', url, headers } = incoming
    const type = headers['content-type'] ?? ''
    const body = chunks.length > 0 ? { body: Buffer.concat(chunks), headers: { 'content-type': type } } : {}
    const response = await under(new Request(`http://127.0.0.1${url}`, { method, ...body }))
    outgoing.writeHead(response.status, Object.fromEntries(response.headers)).end(await response.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fga`
    const client = new OpenFgaClient({ apiUrl, storeId: STORE, authorizationModelId: MODEL })
    const order = { user: 'user:ann', relation: 'user_can_trade', object: 'portfolio:p1' }
    expect((await client.check(order)).allowed).toBe(true)
    expect((await client.batchCheck({ checks: [order] })).result[0]?.allowed).toBe(true)
    expect(
      (await client.listObjects({ user: 'user:ann', relation: 'viewer', type: 'portfolio' })).objects,
    ).toHaveLength(2)
    await client.writeTuples([tuple('user:bob viewer portfolio:p1')])
    expect((await client.read({ object: 'portfolio:p1' })).tuples.map(({ key }) => key.user)).toEqual([
      'user:ann',
      'user:bob',
    ])
    await client.deleteTuples([tuple('user:bob viewer portfolio:p1')])
    expect((await client.check({ ...order, user: 'user:bob' })).allowed).toBe(false)
    expect((await client.readAuthorizationModel()).authorization_model?.id).toBe(MODEL)
    await expect(client.check({ ...order, relation: 'flies' })).rejects.toMatchObject({
      apiErrorCode: 'validation_error',
    })
  } finally {
    server.close()
  }
})
