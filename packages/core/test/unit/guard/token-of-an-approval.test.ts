import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { generateDpopKey, oidc } from '../../../src/entrypoints/providers.ts'
import { policy, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const API = 'https://api.example/'
const holds = policy(schema, {
  approval: { message: () => 'Pay?', details: () => [{ type: 'payment' }] },
  access: { api: resource(API, { scopes: ['write'] }) },
})
const ours = await generateDpopKey()

/** A call whose approval brought this token, at a guard whose profile has this key: how it ends, and what the API got. */
async function answered(token: { readonly keyThumbprint?: string }, dpop?: typeof ours) {
  const { guard, call, channel, answers, clock } = smallWorld()
  const sent: Headers[] = []
  const behalf = guard({
    authorizationServer: oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret', dpop }),
    approvals: { ...channel, carriesCredential: () => true },
    fetch: async (input, init) => {
      sent.push(new Request(input, init).headers)
      return new Response('ok')
    },
  })
  await behalf.run(holds, call(), () => 'ran')
  answers({ status: 'approved', token: { value: new Token('the-approval-token'), scopes: ['write'], ...token } })
  clock.advance(10)
  const outcome = await behalf.run(holds, call(), (_, { access }) =>
    access.api.fetch(`${API}pay`, { method: 'POST' }).then((response) => response.text()),
  )
  return { outcome, sent }
}

describe('the token of an approval goes out as what it is (A9, I8)', () => {
  test.each([
    ['of no key, where the profile has one: as Bearer', {}, ours, /^Bearer the-approval-token$/],
    ['of no key, where the profile has none: as Bearer', {}, undefined, /^Bearer the-approval-token$/],
    ['of our key: with its proof', { keyThumbprint: ours.thumbprint }, ours, /^DPoP the-approval-token$/],
  ] as const)('%s', async (_, token, dpop, authorization) => {
    const { outcome, sent } = await answered(token, dpop)
    expect(outcome).toMatchObject({ status: 'done', result: 'ok' })
    expect(sent[0]?.get('authorization')).toMatch(authorization)
    expect(sent[0]?.has('dpop')).toBe('keyThumbprint' in token)
  })

  test.each([
    ['of another key', { keyThumbprint: 'another' }, ours],
    ['of a key, where the profile has none', { keyThumbprint: ours.thumbprint }, undefined],
  ] as const)('%s: nowhere', async (_, token, dpop) => {
    const { outcome, sent } = await answered(token, dpop)
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain('bound to another key')
    expect(sent).toEqual([])
  })
})

describe('the token of an approval goes nowhere where it holds more than its call may have now (I5)', () => {
  const asksFor = (...scopes: readonly string[]) =>
    policy(schema, {
      version: '1',
      approval: { message: () => 'Pay?', details: () => [{ type: 'payment' }] },
      access: { api: resource(API, { scopes }) },
    })

  test.each<readonly [string, readonly string[], string | undefined]>([
    ['as many as were asked for', ['write', 'read'], undefined],
    ['fewer', ['write'], undefined],
    ['one that was not asked for', ['write', 'admin'], 'admin'],
  ])('%s', async (_, scopes, surplus) => {
    const { guard, call, channel, answers, clock } = smallWorld()
    const sent: unknown[] = []
    const behalf = guard({
      approvals: { ...channel, carriesCredential: () => true },
      fetch: async () => new Response(`${sent.push('POST')}`),
    })
    await behalf.run(asksFor('write', 'read'), call(), () => 'ran')
    answers({ status: 'approved', token: { value: new Token('the-approval-token'), scopes } })
    clock.advance(10)
    const outcome = await behalf.run(asksFor('write', 'read'), call(), (_, { access }) =>
      access.api.fetch(`${API}pay`, { method: 'POST' }).then((response) => response.text()),
    )
    if (surplus === undefined) return expect(outcome).toMatchObject({ status: 'done', result: '1' })
    expect(outcome).toMatchObject({ status: 'denied', code: 'approval_failed' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain(`holds ${surplus}, which is not within write read`)
    expect(sent).toEqual([])
  })
})
