import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Actor, UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { readActor } from '../../../src/identity/wire.ts'
import { checkMayAct, depthOf } from '../../../src/token-exchange/check-issued-token.ts'
import { ann, exchangeServer, ISSUER } from './exchange-server.ts'

const server = await exchangeServer()
const chain = (...names: string[]): Actor | undefined =>
  names.reduceRight<Actor | undefined>(
    (actor, subject) => ({ subject, ...(actor !== undefined && { actor }) }),
    undefined,
  )
const actClaim = (...names: string[]): Record<string, unknown> | undefined =>
  names.reduceRight<Record<string, unknown> | undefined>(
    (act, sub) => ({ sub, ...(act !== undefined && { act }) }),
    undefined,
  )
const calledBy = (...names: string[]): UserIdentity => {
  const actor = chain(...names)
  return admit({ ...fieldsOf(ann), ...(actor !== undefined && { actor }) })
}

describe('a service that an agent called, and that calls on', () => {
  test('gets a token of its own, with the agent inside', async () => {
    server.tokenSays({ act: actClaim('service:risk', 'agent:trader') })
    const exchanged = await server.exchange({ identity: calledBy('agent:trader'), actor: { subject: 'service:risk' } })
    expect(exchanged.actor).toEqual(chain('service:risk', 'agent:trader'))
  })

  test('is the outermost: a token that still names its caller so is refused', async () => {
    server.tokenSays({ act: actClaim('agent:trader') })
    const exchanging = server.exchange({ identity: calledBy('agent:trader'), actor: { subject: 'service:risk' } })
    await expect(exchanging).rejects.toThrow('another actor')
  })

  test('does not get the token back that it was called with', async () => {
    server.answerSays({ access_token: 'the-inbound-token' })
    const subjectToken = { token: new Token('the-inbound-token'), type: 'access_token' } as const
    await expect(server.exchange({ identity: calledBy('agent:trader'), subjectToken })).rejects.toThrow(
      'returned the token that was to be exchanged',
    )
    server.answerSays({ access_token: 'the-actor-token' })
    const actorToken = { token: new Token('the-actor-token'), type: 'access_token' } as const
    await expect(server.exchange({ actorToken })).rejects.toThrow('returned the token that was to be exchanged')
  })

  test('is one too many after five', async () => {
    server.tokenSays({ act: actClaim('e', 'd', 'c', 'b', 'a') })
    await expect(server.exchange({ identity: calledBy('d', 'c', 'b', 'a') })).resolves.toBeDefined()
    server.forms.length = 0
    const full = server.exchange({ identity: calledBy('e', 'd', 'c', 'b', 'a') })
    await expect(full).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'actor' })
    expect(server.forms).toEqual([])
    server.tokenSays({ act: actClaim('f', 'e', 'd', 'c', 'b', 'a') })
    await expect(server.exchange()).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})

describe('a profile that says how its server names the agent', () => {
  const authorizationServer = server.connect({ actor: 'agent:trader' })

  test('takes delegation to it', async () => {
    await expect(server.exchange({ authorizationServer })).resolves.toMatchObject({
      actor: { subject: 'agent:trader' },
    })
  })

  test.each([
    ['no actor (impersonation)', { act: undefined }, {}],
    ['another', { act: { sub: 'agent:other' } }, {}],
    ['it inside another', { act: { sub: 'agent:other', act: { sub: 'agent:trader' } } }, {}],
    ['no readable actor', {}, { access_token: 'opaque' }],
  ])('refuses a token that names %s', async (_, claims, answer) => {
    server.tokenSays(claims)
    server.answerSays(answer)
    await expect(server.exchange({ authorizationServer })).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('sends no token whose may_act names another', async () => {
    const identity = admit({ ...fieldsOf(ann), claims: { may_act: { sub: 'agent:other' } } })
    await expect(server.exchange({ authorizationServer, identity })).rejects.toMatchObject({ reason: 'actor' })
    expect(server.forms).toEqual([])
  })

  test('gives way to the word of the call', async () => {
    server.tokenSays({ act: { sub: 'agent:other' } })
    await expect(server.exchange({ authorizationServer, actor: {} })).resolves.toBeDefined()
  })
})

describe('may_act (RFC 8693 §4.4)', () => {
  const may = (may_act: unknown): UserIdentity => admit({ ...fieldsOf(ann), claims: { may_act } })

  test('keeps a token from being sent where another party may act', async () => {
    const identity = may({ sub: 'admin@example.com' })
    await expect(server.exchange({ identity, actor: { subject: 'agent:trader' } })).rejects.toMatchObject({
      reason: 'actor',
    })
    expect(server.forms).toEqual([])
    server.tokenSays({ act: { sub: 'admin@example.com' } })
    await expect(server.exchange({ identity, actor: { subject: 'admin@example.com' } })).resolves.toBeDefined()
  })

  test.each([
    ['another issuer', { sub: 'a', iss: 'https://other.example.com' }, { subject: 'a', issuer: ISSUER }, false],
    ['the same issuer', { sub: 'a', iss: ISSUER }, { subject: 'a', issuer: ISSUER }, true],
    ['an issuer that was not asked for', { sub: 'a', iss: ISSUER }, { subject: 'a' }, true],
    ['no actor by name', {}, { subject: 'a' }, true],
    ['no object', 'a', { subject: 'a' }, false],
    ['an invalid name', { sub: 7 }, { subject: 'a' }, false],
    ['anything, if no actor is expected', 'a', undefined, true],
  ])('%s', (_, may_act, expected, right) => {
    const check = () => checkMayAct({ may_act }, expected)
    if (right) expect(check).not.toThrow()
    else expect(check).toThrow(expect.objectContaining({ reason: 'actor' }))
  })
})

describe('act chains', () => {
  const link = fc.record(
    {
      sub: fc.oneof(fc.string({ minLength: 1, maxLength: 3 }), fc.constantFrom('__proto__', 'constructor')),
      iss: fc.string({ minLength: 1, maxLength: 3 }),
      exp: fc.integer(),
      aud: fc.string({ maxLength: 3 }),
    },
    { requiredKeys: ['sub'] },
  )

  test('are read link by link, up to five, and refused beyond', () => {
    fc.assert(
      fc.property(fc.array(link, { maxLength: 8 }), (links) => {
        const act = links.reduceRight<unknown>((inner, one) => (inner ? { ...one, act: inner } : one), undefined)
        if (links.length > 5) {
          expect(() => readActor(act)).toThrow(expect.objectContaining({ reason: 'actor' }))
          return
        }
        const actor = readActor(act)
        expect(depthOf(actor)).toBe(links.length)
        const names: unknown[] = []
        for (let at = actor; at !== undefined; at = at.actor) names.push([at.subject, at.issuer])
        expect(names).toEqual(links.map(({ sub, iss }) => [sub, iss]))
      }),
    )
  })

  test('only the outermost decides, with any actors inside', async () => {
    const inner = fc.array(fc.constantFrom('agent:trader', 'service:risk', 'admin'), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('agent:trader', 'service:risk'), inner, async (outermost, others) => {
        server.tokenSays({ act: actClaim(outermost, ...others) })
        const exchanged = await server.exchange({ actor: { subject: 'agent:trader' } }).catch((error: unknown) => error)
        if (outermost === 'agent:trader') expect(exchanged).toMatchObject({ actor: chain(outermost, ...others) })
        else expect(exchanged).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
      }),
      { numRuns: 30 },
    )
  })

  test('anything else is no actor', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 2 }), (act) => {
        try {
          const actor = readActor(act)
          expect(actor === undefined || typeof actor.subject === 'string').toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ reason: 'actor' })
        }
      }),
    )
  })
})
