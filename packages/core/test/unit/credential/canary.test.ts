import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { Token } from '../../../src/entrypoints/spi.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type Call, createGuard, currentCall, memoryStore, policy, type UserIdentity } from '../../../src/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'

// A body that does what it should not: it asks for its own token and lets it out, in every way that E4 covers.

const canary = 'eyJhbGciOi.the-canary.c2lnbmF0dXJl'
const API = 'https://api.example.com'
const later = Date.now() / 1000 + 3600
const vault: Vault = {
  specificationVersion: 1,
  token: async () => ({ status: 'token', token: new Token(canary), expiresAt: later, scopes: ['a'] }),
}
const sent: Headers[] = []
const guard = createGuard({
  authorizationServer: oidc({ issuer: 'https://issuer.example', clientId: 'agent', clientSecret: 'x' }),
  agent: { name: 'agent:canary', ceiling: ['a'] },
  vault,
  store: memoryStore(),
  fetch: async (_input, init) => {
    sent.push(new Headers(init?.headers))
    return new Response(`your token is ${new Headers(init?.headers).get('authorization')}`)
  },
})
const identity = admit<UserIdentity>(
  { kind: 'user', issuer: 'https://issuer.example', subject: 'ann', clientId: 'agent', expiresAt: later, claims: {} },
  { token: new Token('session'), type: 'access_token' },
)
const access = { api: connection('x', { scopes: ['a'], origins: [API], idempotencyHeader: 'Idempotency-Key' }) }
const read = policy(z.strictObject({}), { access })
const write = policy(z.strictObject({}), { access, effect: 'write' })
type Body = (input: object, call: Call<typeof access>) => unknown

let slot = 0
const run = async (body: Body, rules = read) =>
  guard.run(rules, { tool: 'leak', slot: `s-${slot++}`, input: {}, identity }, body as never)
async function resultOf(body: Body, rules = read): Promise<unknown> {
  const outcome = await run(body, rules)
  if (outcome.status !== 'done') throw new Error(JSON.stringify(outcome))
  return outcome.result
}
const raw = (call: Call<typeof access>) => call.access.api.withToken((token) => token)
async function all(result: unknown): Promise<unknown[]> {
  const pieces: unknown[] = []
  for await (const piece of result as AsyncIterable<unknown>) pieces.push(piece)
  return pieces
}
const streamOf = (pieces: unknown[]) =>
  new ReadableStream<unknown>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
const cut = (text: string) => [text.slice(0, 7), text.slice(7, 20), text.slice(20)]

describe('a body that lets its own token out', () => {
  test.each<[string, Body]>([
    ['returns it', async (_, call) => raw(call)],
    ['returns it in a value', async (_, call) => ({ deep: [{ [await raw(call)]: `Bearer ${await raw(call)}` }] })],
    ['returns what an API echoed', async (_, call) => (await call.access.api.fetch(API)).text()],
  ])('%s', async (_name, body) => {
    expect(JSON.stringify(await resultOf(body))).toMatch(/^(?!.*the-canary).*\[token\]/)
  })

  test('throws it', async () => {
    const error = (await rejection(
      run(async (_, call) => {
        const token = await raw(call)
        throw Object.assign(new Error(`no: ${token}`, { cause: new Error(token) }), {
          headers: { authorization: token },
        })
      }),
    )) as Error & { headers: object }
    expect(error.message).toBe('no: [token]')
    expect(`${error.stack} ${(error.cause as Error).stack} ${JSON.stringify(error)}`).not.toContain('the-canary')
  })

  test.each<[string, (text: string) => unknown[]]>([
    ['texts', cut],
    ['bytes', (text) => cut(text).map((piece) => new TextEncoder().encode(piece))],
    ['values', (text) => [{ delta: text }]],
  ])('streams it, as %s', async (_name, pieces) => {
    const decoder = new TextDecoder()
    const shown = (out: unknown[]) =>
      out.map((piece) => (piece instanceof Uint8Array ? decoder.decode(piece) : JSON.stringify(piece))).join('')
    const stream: Body = async (_, call) => streamOf(pieces(`x ${await raw(call)} y`))
    const generator: Body = async function* (_: object, call: Call<typeof access>) {
      yield* pieces(`x ${await raw(call)} y`)
    }
    for (const body of [stream, generator]) {
      const out = shown(await all(await resultOf(body)))
      expect(out.replaceAll('"', '')).toContain('x [token] y')
    }
  })

  test('streams an error with it', async () => {
    const error = (await rejection(
      resultOf(async function* (_, call) {
        yield 'a'
        throw new Error(await raw(call))
      }).then(all),
    )) as Error
    expect(error.message).toBe('[token]')
  })
})

describe('a body that streams', () => {
  test('keeps its credential and its call until it has ended', async () => {
    let kept: Call<typeof access>['access']['api'] | undefined
    const result = await resultOf(async function* (_, call) {
      kept = call.access.api
      for (let times = 0; times < 2; times++) yield (await currentCall(read).access.api.fetch(`${API}/${times}`)).status
    })
    expect(await all(result)).toEqual([200, 200])
    expect(await rejection(kept?.fetch(API) as Promise<unknown>)).toMatchObject({ reason: 'call_ended' })
  })

  test('loses its credential when its reader gives up', async () => {
    const closed = vi.fn()
    let kept: Call<typeof access>['access']['api'] | undefined
    const result = await resultOf(async function* (_, call) {
      kept = call.access.api
      try {
        for (;;) yield 'a'
      } finally {
        closed()
      }
    })
    for await (const _ of result as AsyncIterable<unknown>) break
    expect(closed).toHaveBeenCalledTimes(1)
    expect(await rejection(kept?.fetch(API) as Promise<unknown>)).toMatchObject({ reason: 'call_ended' })
  })
})

describe('a write call', () => {
  const post = { method: 'POST', body: 'x' }
  test('puts its key on the requests that write', async () => {
    sent.length = 0
    const key = await resultOf(async (_, call) => {
      await call.access.api.fetch(API)
      await call.access.api.fetch(API, post)
      await call.access.api.fetch(API, post)
      return call.idempotencyKey
    }, write)
    expect(sent.map((headers) => headers.get('idempotency-key'))).toEqual([null, key, `${key}.2`])
  })

  test('and a read call puts none', async () => {
    sent.length = 0
    await resultOf(async (_, call) => (await call.access.api.fetch(API, post)).status)
    expect(sent[0]?.has('idempotency-key')).toBe(false)
  })
})
