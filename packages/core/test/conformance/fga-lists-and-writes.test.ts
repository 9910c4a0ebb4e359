import { verifies } from '@behalf/testing/requirements'
import { delay, HttpResponse, http } from 'msw'
import { describe, expect } from 'vitest'
import { ConfigurationError, InvalidResponseError, TransportError } from '../../src/base/errors/index.ts'
import { oidc } from '../../src/entrypoints/providers.ts'
import { may } from '../../src/permissions/openfga/may.ts'
import { object } from '../../src/permissions/openfga/object.ts'
import { checker, client, everything, fgaServer, NOW, question } from '../unit/permissions/fga-server.ts'

const fga = fgaServer()
const list = { user: 'user:ann', relation: 'viewer', type: 'doc' }
const tuple = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }
const answers = (body: unknown, init: ResponseInit = {}) => fga.misbehave(() => Response.json(body, init))

async function all(stream: AsyncIterable<string>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const name of stream) names.push(name)
  return names
}

describe('OpenFGA: ListObjects', () => {
  for (const name of ['secret:1', 'doc:*', 'doc:1#viewer', 'doc', '']) {
    verifies('OPENFGA-ListObjects-objects', `${JSON.stringify(name)} is not one`, async () => {
      answers({ objects: ['doc:1', name] })
      await expect(client().listObjects(list)).rejects.toThrow(InvalidResponseError)
      fga.misbehave(() => new Response(`{"result":{"object":${JSON.stringify(name)}}}\n`))
      await expect(all(client().streamObjects(list))).rejects.toThrow(InvalidResponseError)
    })
  }

  verifies('OPENFGA-ListObjects-cut', 'at a thousand', async () => {
    answers({ objects: Array.from({ length: 1_000 }, (_, index) => `doc:${index}`) })
    expect((await client().listObjects(list)).mayBeCutOff).toBe('limit')
  })

  verifies('OPENFGA-ListObjects-cut', 'at the deadline of the server', async () => {
    fga.misbehave(async () => {
      await delay(60)
      return Response.json({ objects: [] })
    })
    expect((await client().listObjects({ ...list, serverDeadlineMs: 50 })).mayBeCutOff).toBe('deadline')
  })

  const line = '{"result":{"object":"doc:1"}}\n'
  for (const rest of ['{"result":{"object":"doc:2"}', '{"error":{"code":4,"message":"deadline"}}\n', '{"resu']) {
    verifies('OPENFGA-StreamedListObjects-end', `after ${rest.trim()}`, async () => {
      fga.misbehave(() => new Response(line + rest))
      await expect(all(client().streamObjects(list))).rejects.toThrow(TransportError)
    })
  }
})

describe('OpenFGA: Write', () => {
  verifies('OPENFGA-Write-limit', '101 tuples are refused here', async () => {
    const writes = Array.from({ length: 101 }, (_, index) => ({ ...tuple, object: `doc:${index}` }))
    await expect(client().write({ writes })).rejects.toThrow(ConfigurationError)
    await expect(client().write({ writes: writes.slice(50), deletes: writes.slice(0, 50) })).rejects.toThrow('100')
    expect(fga.sent).toEqual([])
  })

  for (const [name, response] of [
    ['500', () => new HttpResponse(null, { status: 500 })],
    ['503', () => new HttpResponse(null, { status: 503 })],
    ['a reset', () => HttpResponse.error() as unknown as Response],
  ] as const) {
    verifies('OPENFGA-Write-repeat', `after ${name} it may have happened`, async () => {
      fga.misbehave(response)
      await expect(client().write({ writes: [tuple] })).rejects.toThrow(TransportError)
      expect(fga.sent).toHaveLength(1)
    })
  }

  verifies('OPENFGA-Write-conflict', 'a tuple that is there, and a transaction that lost', async () => {
    answers({ code: 'write_failed_due_to_invalid_input', message: 'exists' }, { status: 400 })
    expect((await client().write({ writes: [tuple] })).status).toBe('conflict')
    answers({ code: 'Aborted', message: 'lost' }, { status: 409 })
    expect((await client().write({ writes: [tuple] })).status).toBe('conflict')
  })
})

describe('OpenFGA: batches, facts and credentials', () => {
  verifies('OPENFGA-BatchCheck-refused', 'one call’s question denies no other’s', async () => {
    fga.know('user:ann viewer doc:1')
    fga.misbehave(({ body }) =>
      (body.checks ?? [body]).some(({ tuple_key }) => tuple_key.relation === 'nonsense')
        ? HttpResponse.json({ code: 'validation_error', message: 'no' }, { status: 400 })
        : undefined,
    )
    const one = client()
    const [good, bad] = await Promise.all([one.check(tuple), one.check({ ...tuple, relation: 'nonsense' })])
    expect([good.allowed, bad.allowed]).toEqual([true, false])
  })

  verifies('OPENFGA-Contextual-limit', 'too many, and one that names everybody’s object', async () => {
    const many = Array.from({ length: 101 }, () => tuple)
    for (const contextualTuples of [many, [{ ...tuple, object: 'doc:*' }]]) {
      await expect(client().check({ ...tuple, contextualTuples })).rejects.toThrow(ConfigurationError)
      await expect(checker({ contextualTuples: () => contextualTuples }).check(question())).rejects.toThrow(
        'contextual',
      )
    }
    expect(fga.sent).toEqual([])
  })

  verifies('OPENFGA-Conditions-time', 'only the clock port sets it', async () => {
    expect(() => may('can_view', object('portfolio', 'p1'), { context: { now: 'x' } as never })).toThrow('now')
    await checker().check(question())
    for (const item of fga.sent[0]?.body.checks ?? []) {
      expect(item.context).toEqual({ now: new Date(NOW).toISOString() })
    }
  })

  verifies('OPENFGA-Credentials-expired', 'a token that is taken no more is replaced once', async () => {
    const issuer = 'https://auth.fga.example'
    let issued = 0
    fga.know(...everything)
    fga.server.use(
      http.get(`${issuer}/.well-known/openid-configuration`, () =>
        HttpResponse.json({ issuer, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }),
      ),
      http.post(`${issuer}/token`, () =>
        HttpResponse.json({ access_token: `token-${++issued}`, token_type: 'Bearer', expires_in: 600 }),
      ),
    )
    const one = checker({
      credentials: {
        method: 'clientCredentials',
        authorizationServer: oidc({ issuer, clientId: 'app', clientSecret: 'a-secret-of-the-app' }),
        audience: 'https://api.fga.example/',
      },
      clock: { now: () => Date.now() },
    })
    fga.misbehave(({ authorization }) =>
      authorization === 'Bearer token-1' ? HttpResponse.json({ code: 'x' }, { status: 401 }) : undefined,
    )
    expect((await one.check(question())).allowed).toBe(true)
    fga.misbehave(() => HttpResponse.json({ code: 'x' }, { status: 401 }))
    await expect(one.check(question())).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(issued).toBe(3)
  })
})
