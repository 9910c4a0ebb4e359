import { readFileSync } from 'node:fs'
import { describe, expect, test, vi } from 'vitest'
import { openFga } from '../../../src/entrypoints/fga.ts'
import { denySentences, OAuthResponseError } from '../../../src/entrypoints/spi.ts'
import { defineTool, may, object, policy, resource } from '../../../src/index.ts'
import { asks, schema, smallWorld, user } from './small-world.ts'
import { API, buy, createOrder, policies, type World, world } from './world.ts'

const detailOf = ({ trace }: { readonly trace: { readonly steps: readonly { readonly detail: string }[] } }) =>
  trace.steps.at(-1)?.detail

describe('a wrong set-up of OpenFGA is no denial of the user', () => {
  const checker = ({ openFga: server, clock }: World, over: object) =>
    openFga({
      apiUrl: server.apiUrl,
      storeId: server.storeId,
      authorizationModelId: server.authorizationModelId,
      credentials: { method: 'apiToken', token: server.apiToken },
      relations: { user: (r) => `user_${r}`, agent: (r) => `agent_${r}`, delegation: 'acts_for' },
      clock,
      ...over,
    })

  test.each([
    [
      'a store id',
      { storeId: '01HZZZZZZZZZZZZZZZZZZZZZZZ' },
      /openFga\.(storeId|authorizationModelId).*check.*storeId/,
    ],
    ['a model id', { authorizationModelId: '01HZZZZZZZZZZZZZZZZZZZZZZZ' }, /openFga\.authorizationModelId.*storeId/],
    ['an API token', { credentials: { method: 'apiToken', token: 'another' } }, /openFga\.credentials.*API token/],
    ['no API token', { credentials: undefined }, /openFga\.credentials.*401/],
  ])('%s that is wrong ends as misconfigured, with a hint in the trace', async (_, over, hint) => {
    const target = await world()
    const identity = await target.login()
    const behalf = target.guard({ permissions: checker(target, over) })
    const call = target.invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity })
    const outcome = await behalf.run(policies.get_portfolio, call, () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured', message: denySentences.misconfigured })
    expect(detailOf(outcome)).toMatch(hint)
    // In observe mode, too: nothing was decided about this user.
    const observed = target.guard({ permissions: checker(target, over), mode: 'observe' })
    const watched = await observed.run(policies.get_portfolio, { ...call, slot: 'observed' }, () => 'ran')
    expect(watched).toMatchObject({ status: 'denied', code: 'misconfigured' })
  })

  test('is told by guard.visible as well', async () => {
    const target = await world()
    const identity = await target.login()
    const admin = policy(schema, {
      permission: () => ({ relation: 'can_view', object: 'portfolio:p-ann' }) as never,
      visibleWhen: () => ({ relation: 'can_view', object: 'portfolio:p-ann' }) as never,
    })
    const behalf = target.guard({ permissions: checker(target, { credentials: undefined }) })
    expect((await behalf.visible({ admin }, identity)).hidden).toMatchObject([{ reason: 'misconfigured' }])
  })
})

describe('an API that the authorization server does not know (invalid_target) ends as misconfigured, with a hint', () => {
  const slash = /may end with a slash/

  test('where a token is exchanged', async () => {
    const target = await world()
    const identity = await target.login()
    const unslashed = policy(schema, { access: { trade: resource(API.slice(0, -1), { scopes: ['portfolio:read'] }) } })
    const call = target.invocation({ tool: 'pay', input: { amount: 5 }, identity })
    const outcome = await target.guard().run(unslashed, call, () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detailOf(outcome)).toMatch(slash)
  })

  test('where a person would be asked: no question is sent, and the same call asks once the identifier is right', async () => {
    const target = await world()
    const identity = await target.login()
    const behalf = target.guard()
    const call = target.invocation({ tool: 'create_order', input: buy(50), identity })
    await target.authorizationServer.controls.fault('bc-authorize', {
      status: 400,
      body: { error: 'invalid_target', error_description: 'no such API' },
    })
    const outcome = await behalf.run(policies.create_order, call, createOrder)
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured', message: denySentences.misconfigured })
    expect(detailOf(outcome)).toMatch(slash)
    expect(await behalf.run(policies.create_order, call, createOrder)).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'approval_pending' },
    })
  })

  test('where a channel of the app says so', async () => {
    const { guard, call, failsToAsk, questions } = smallWorld()
    failsToAsk(() => {
      throw new OAuthResponseError({ error: 'invalid_target', status: 400 })
    })
    const outcome = await guard().run(asks, call({ identity: user() }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect([detailOf(outcome), questions.length]).toEqual([expect.stringMatching(slash), 0])
  })

  test('where a vault asks for the token of a linked account', async () => {
    const target = await world()
    const identity = await target.login()
    await target.authorizationServer.controls.fault('token', { status: 400, body: { error: 'invalid_target' } })
    const call = target.invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity })
    const outcome = await target.guard().run(policies.get_portfolio, call, () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detailOf(outcome)).toMatch(slash)
  })
})

describe('a rule that returns no permission ends as misconfigured, with the rule, what it returned, and may()', () => {
  const remedy = ': return may(relation, object(type, id))'
  const permissions = { check: async () => ({ allowed: true, checks: [{ question: 'q', allowed: true }] }) }
  const valid = () => may('can_use', object('tool', 't'))

  test.each<readonly [string, () => unknown]>([
    ['nothing', () => undefined],
    ['true', () => true],
    ['false', () => false],
    ['null', () => null],
    ['a string', () => 'can_use'],
    ['a function', () => may],
    ['an object of another kind', () => ({ allowed: true })],
    ['nothing', () => [valid(), undefined]],
    ['a promise', () => [Promise.reject(new Error('late'))]],
  ])('%s', async (given, returned) => {
    const { guard, call } = smallWorld()
    const run = vi.fn(() => 'ran')
    const behalf = guard({ permissions })
    const permission = returned as never
    for (const [rules, rule] of [
      [{ permission }, 'permission'],
      [{ visibleWhen: permission }, 'visibleWhen'],
      [{ permission, visibleWhen: valid }, 'permission'],
      [{ permission: valid, visibleWhen: permission }, 'visibleWhen'],
    ] as const) {
      const outcome = await behalf.run(policy(schema, rules), call(), run)
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(detailOf(outcome)).toBe(`policy.${rule}: returned ${given}${remedy}`)
    }
    const tool = policy(schema, { visibleWhen: permission })
    expect((await behalf.visible({ tool }, user())).hidden).toEqual([
      { tool: 'tool', reason: 'misconfigured', detail: `policy.visibleWhen: returned ${given}${remedy}` },
    ])
    expect(run).not.toHaveBeenCalled()
  })
})

test('a newcomer finds the texts of wrong rules and names on the page of typical mistakes', async () => {
  const page = readFileSync(new URL('../../../../../docs/mistakes.md', import.meta.url), 'utf8')
  const { guard, call } = smallWorld()
  const permissions = { check: async () => ({ allowed: true, checks: [{ question: 'q', allowed: true }] }) }
  const behalf = guard({ permissions })
  const texts: (string | undefined)[] = []
  for (const permission of [() => undefined, () => may('can_use', 'p-ann' as never)]) {
    const outcome = await behalf.run(policy(schema, { permission: permission as never }), call(), () => 'ran')
    expect(outcome.status).toBe('denied')
    texts.push(detailOf(outcome))
  }
  const define = () => defineTool({ name: 'buy shares', description: 'd', input: schema, effect: 'read', run: () => 1 })
  expect(define).toThrow(
    expect.toSatisfy(({ message }: Error) => {
      texts.push(message)
      return true
    }),
  )
  expect(texts).toHaveLength(3)
  for (const text of texts) expect(page).toContain(`\`${text}\``)
})
