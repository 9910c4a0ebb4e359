import { verifies } from '@behalf/testing/requirements'
import { delay, HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, InvalidResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { API, client, fgaServer, MODEL } from './fga-server.ts'

const fga = fgaServer()
const asked = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }
const list = { user: 'user:ann', relation: 'viewer', type: 'doc' }
const answers = (body: unknown, init: ResponseInit = {}) => fga.misbehave(() => Response.json(body, init))

async function all(stream: AsyncIterable<string>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const name of stream) names.push(name)
  return names
}

describe('check and batchCheck', () => {
  test('say yes, no, and why not', async () => {
    fga.know('user:ann viewer doc:1')
    expect(await client().check(asked)).toEqual({ allowed: true })
    expect(await client().check({ ...asked, object: 'doc:2' })).toEqual({ allowed: false })
    expect(await client().check({ ...asked, user: 'group:g#member' })).toEqual({ allowed: false })
    answers({ allowed: 'true' })
    expect(await client().check(asked)).toEqual({ allowed: false, problem: expect.any(String) })
  })

  test('put answers in the order of their questions, 120 of them in three requests', async () => {
    const questions = Array.from({ length: 120 }, (_, index) => ({ ...asked, object: `doc:${index}` }))
    fga.know(...questions.filter((_, index) => index % 3 === 0).map((one) => `user:ann viewer ${one.object}`))
    const results = await client().batchCheck(questions)
    expect(results.map(({ allowed }) => allowed)).toEqual(questions.map((_, index) => index % 3 === 0))
    expect(fga.sent.map(({ body }) => body.checks?.length).sort()).toEqual([20, 50, 50])
    expect(await client().batchCheck([])).toEqual([])
  })

  test('tell one question’s outage apart', async () => {
    fga.misbehave(({ body }) => {
      const ids = body.checks?.map(({ correlation_id }) => correlation_id) ?? []
      return HttpResponse.json({
        result: {
          [`${ids[0]}`]: { error: { internal_error: 'deadline_exceeded', message: 'slow' } },
          [`${ids[1]}`]: { allowed: true },
        },
      })
    })
    expect(await client().batchCheck([asked, { ...asked, object: 'doc:2' }])).toEqual([
      { allowed: false, unavailable: true, problem: expect.stringContaining('slow') },
      { allowed: true },
    ])
  })

  test('send context and contextual tuples as the API has them', async () => {
    const tuple = {
      user: 'user:ann',
      relation: 'member',
      object: 'group:g',
      condition: { name: 'c', context: { x: 1 } },
    }
    await client().check(
      { ...asked, context: { ip: 'x' }, contextualTuples: [tuple] },
      { consistency: 'higherConsistency' },
    )
    expect(fga.sent[0]?.body).toEqual({
      tuple_key: asked,
      context: { ip: 'x' },
      contextual_tuples: { tuple_keys: [tuple] },
      authorization_model_id: MODEL,
      consistency: 'HIGHER_CONSISTENCY',
    })
  })

  test.each([
    { ...asked, user: 'ann' },
    { ...asked, relation: 'a b' },
    { ...asked, object: 'doc:*' },
    { ...asked, object: 'doc:1#viewer' },
    { ...asked, contextualTuples: [{ ...asked, object: 'doc:*' }] },
    { ...asked, contextualTuples: Array.from({ length: 101 }, () => asked) },
    // Sent as text and keyed as nothing: two of them would share an answer.
    { ...asked, context: { at: new Date() } as never },
    { ...asked, contextualTuples: [{ ...asked, condition: { name: 'c', context: { at: new Date() } } }] },
  ])('refuse %j before anything is sent', async (question) => {
    await expect(client().check(question)).rejects.toThrow(ConfigurationError)
    expect(fga.sent).toEqual([])
  })
})

describe('listObjects', () => {
  test('gives names, and says nothing where they are all', async () => {
    answers({ objects: ['doc:1', 'doc:2'] })
    expect(await client().listObjects(list)).toEqual({ objects: ['doc:1', 'doc:2'] })
    expect(fga.sent[0]).toMatchObject({ endpoint: 'list-objects', body: { ...list, authorization_model_id: MODEL } })
  })

  test('says that a thousand may not be all', async () => {
    const objects = Array.from({ length: 1_000 }, (_, index) => `doc:${index}`)
    answers({ objects })
    expect((await client().listObjects(list)).mayBeCutOff).toBe('limit')
    answers({ objects: objects.slice(1) })
    expect(await client().listObjects(list)).not.toHaveProperty('mayBeCutOff')
    expect((await client().listObjects({ ...list, serverLimit: 999 })).mayBeCutOff).toBe('limit')
  })

  test('says that the server’s deadline may have passed', async () => {
    fga.misbehave(async () => {
      await delay(60)
      return Response.json({ objects: ['doc:1'] })
    })
    expect((await client().listObjects({ ...list, serverDeadlineMs: 50 })).mayBeCutOff).toBe('deadline')
  })

  const malformed = [{}, { objects: null }, { objects: [1] }, { objects: ['secret:1'] }, { objects: ['doc:*'] }, []]
  test.each(malformed)('refuses %j whole', async (body) => {
    answers(body)
    await expect(client().listObjects(list)).rejects.toThrow(InvalidResponseError)
  })

  test('tells a refusal, a redirect and another model apart from an empty list', async () => {
    answers({ code: 'type_not_found', message: 'no doc here' }, { status: 400 })
    await expect(client().listObjects(list)).rejects.toThrow(ConfigurationError)
    fga.misbehave(() => new Response(null, { status: 302, headers: { location: `${API}/x` } }))
    await expect(client().listObjects(list)).rejects.toThrow(InvalidResponseError)
    answers({ objects: [] }, { headers: { 'Openfga-Authorization-Model-Id': '01KAZ000000000000000OTHER0' } })
    await expect(client().listObjects(list)).rejects.toThrow('another authorization model')
  })
})

describe('read', () => {
  const stored = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }

  test('gives a page, and where the next begins', async () => {
    answers({
      tuples: [
        { key: { ...stored, condition: null }, timestamp: '2026-11-25T10:00:00Z' },
        { key: { ...stored, condition: { name: 'unexpired', context: { expires_at: 'x' } } } },
      ],
      continuation_token: 'next',
    })
    expect(await client().read({ object: 'doc:', user: 'user:ann', pageSize: 2 })).toEqual({
      tuples: [
        { ...stored, timestamp: '2026-11-25T10:00:00Z' },
        { ...stored, condition: { name: 'unexpired', context: { expires_at: 'x' } } },
      ],
      continuationToken: 'next',
    })
    expect(fga.sent[0]?.body).toMatchObject({ tuple_key: { object: 'doc:', user: 'user:ann' }, page_size: 2 })
  })

  test('the last page has no next, and everything needs no key', async () => {
    answers({ tuples: [], continuation_token: '' })
    expect(await client().read()).toEqual({ tuples: [] })
    expect(fga.sent[0]?.body).not.toHaveProperty('tuple_key')
  })

  test('refuses what it does not know', async () => {
    await expect(client().read({ user: 'user:ann' })).rejects.toThrow('read.object')
    await expect(client().read({ objct: 'doc:1' } as never)).rejects.toThrow('read.objct')
    answers({ tuples: [{ user: 'user:ann' }] })
    await expect(client().read()).rejects.toThrow(InvalidResponseError)
  })
})

describe('write', () => {
  const tuple = { user: 'user:ann', relation: 'acts_for', object: 'agent:bot' }
  const condition = { name: 'unexpired', context: { expires_at: '2026-12-01T00:00:00Z' } }

  test('sends writes with their limits, and deletes without', async () => {
    answers({})
    const written = await client().write({ writes: [{ ...tuple, condition }], deletes: [{ ...tuple, condition }] })
    expect(written).toEqual({ status: 'written' })
    expect(fga.sent[0]?.body).toEqual({
      writes: { tuple_keys: [{ ...tuple, condition }] },
      deletes: { tuple_keys: [tuple] },
      authorization_model_id: MODEL,
    })
  })

  test('a conflict is an answer', async () => {
    answers({ code: 'write_failed_due_to_invalid_input', message: 'already exists' }, { status: 400 })
    expect(await client().write({ writes: [tuple] })).toEqual({ status: 'conflict', message: 'already exists' })
    answers({ code: 'Aborted', message: 'at once' }, { status: 409 })
    expect(await client().write({ writes: [tuple] })).toEqual({ status: 'conflict', message: 'at once' })
  })

  test('another refusal is not a conflict', async () => {
    answers({ code: 'validation_error', message: 'no such type' }, { status: 400 })
    await expect(client().write({ writes: [tuple] })).rejects.toThrow(ConfigurationError)
  })

  test(verifies('E2', 'is not repeated where it may have happened'), async () => {
    for (const response of [() => new HttpResponse(null, { status: 503 }), () => HttpResponse.error() as never]) {
      fga.sent.length = 0
      fga.misbehave(response)
      await expect(client().write({ writes: [tuple] })).rejects.toThrow(TransportError)
      expect(fga.sent).toHaveLength(1)
    }
  })

  test('is repeated where the server says that it did nothing', async () => {
    fga.misbehave(() =>
      fga.sent.length < 3 ? new HttpResponse(null, { status: 429 }) : (HttpResponse.json({}) as unknown as Response),
    )
    expect(await client().write({ writes: [tuple] })).toEqual({ status: 'written' })
    expect(fga.sent).toHaveLength(3)
  })

  test.each([
    {},
    { writes: [{ ...tuple, object: 'agent:*' }] },
    { writes: Array.from({ length: 101 }, () => tuple) },
    { writes: Array.from({ length: 60 }, () => tuple), deletes: Array.from({ length: 60 }, () => tuple) },
    { writes: [{ ...tuple, condition: { name: 'a b' } }] },
  ])('refuses %# before anything is sent', async (writes) => {
    await expect(client().write(writes)).rejects.toThrow(ConfigurationError)
    expect(fga.sent).toEqual([])
  })
})

test('an option that it does not know, and a redirect of any endpoint', async () => {
  expect(() => client({ cache: 1 } as never)).toThrow('fgaClient.cache')
  let followed = false
  fga.server.use(
    http.all(`${API}/always`, () => {
      followed = true
      return HttpResponse.json({ objects: ['doc:1'] })
    }),
  )
  fga.misbehave(() => new Response(null, { status: 307, headers: { location: `${API}/always` } }))
  await expect(client().read()).rejects.toThrow(InvalidResponseError)
  await expect(client().write({ writes: [asked] })).rejects.toThrow(InvalidResponseError)
  await expect(all(client().streamObjects(list))).rejects.toThrow(InvalidResponseError)
  expect(followed).toBe(false)
})
