import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import type { TokenEvent } from '../../../src/entrypoints/audit.ts'
import { type GuardOptions, memoryStore, type Outcome } from '../../../src/index.ts'
import { sharedTokens } from '../../../src/token-exchange/shared-tokens.ts'
import { keys } from './small-world.ts'
import { API, policies, type World, world } from './world.ts'

const said = (outcome: Outcome<unknown>) =>
  'trace' in outcome ? outcome.trace.steps.find(({ step }) => step === 'access')?.detail : undefined
const tokensOf = ({ events }: World) => events.filter((event): event is TokenEvent => event.type === 'token')

async function reading(over: Partial<GuardOptions> = {}) {
  const target = await world()
  const identity = await target.login()
  const call = target.invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity })
  const read = (guard = target.guard(over)) => guard.run(policies.read_portfolio, call, () => 'ran')
  /** From here on the server names no actor: an opaque token, as many servers issue. */
  const issueOpaque = () => {
    const body = {
      access_token: 'an-opaque-token',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'portfolio:read',
    }
    target.msw.use(http.post('https://tenant.behalf.example/oauth/token', () => HttpResponse.json(body)))
  }
  return { target, read, issueOpaque }
}

describe('whether the API sees who acts', () => {
  test('delegation is on record, with the actor', async () => {
    const { target, read } = await reading()
    expect(said(await read())).toBe('credentials are ready')
    expect(tokensOf(target)).toMatchObject([
      { source: 'exchange', audience: API, semantics: 'delegation', actor: { subject: 'agent:trader' } },
    ])
  })

  test('impersonation is said in every trace, of a cached token too, and on record', async () => {
    const { target, read, issueOpaque } = await reading()
    issueOpaque()
    const guard = target.guard()
    for (const outcome of [await read(guard), await read(guard)]) {
      expect(outcome).toMatchObject({ status: 'done' })
      expect(said(outcome)).toBe('credentials are ready; impersonation, since the token names no actor: trade')
    }
    expect(tokensOf(target)).toMatchObject([{ source: 'exchange', semantics: 'impersonation' }])
    expect(tokensOf(target)[0]).not.toHaveProperty('actor')
  })

  test('a profile that says how the agent is named takes no such token', async () => {
    const { target, read, issueOpaque } = await reading()
    const strict = target.guard({ authorizationServer: { ...target.profile, actor: 'agent:trader' } })
    issueOpaque()
    const outcome = await read(strict)
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(tokensOf(target)).toEqual([])
  })

  test('another process that takes the token from the store knows who acts', async () => {
    const { target, read } = await reading()
    const store = memoryStore({ clock: target.clock })
    const process = () => target.guard({ store, keys, sharedTokens: sharedTokens() })
    expect(said(await read(process()))).toBe('credentials are ready')
    expect(said(await read(process()))).toBe('credentials are ready')
    expect(tokensOf(target)).toHaveLength(1)
  })

  test('an upstream has no actors, and nothing is said of them', async () => {
    const { target } = await reading()
    const identity = await target.login()
    const call = target.invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity })
    const outcome = await target.guard().run(policies.get_portfolio, call, () => 'ran')
    expect(said(outcome)).toBe('credentials are ready')
    expect(tokensOf(target)[0]).not.toHaveProperty('semantics')
  })
})
