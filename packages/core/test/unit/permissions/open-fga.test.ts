import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { AgentIdentity } from '../../../src/base/contract/index.ts'
import { ConfigurationError, InvalidObjectError } from '../../../src/base/errors/index.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import type { OpenFgaOptions } from '../../../src/permissions/openfga/read-options.ts'
import { ann, checker, everything, fgaServer, MODEL, NOW, question } from './fga-server.ts'

const fga = fgaServer()

describe('what is asked', () => {
  test(verifies('F2', 'user, agent and the delegation between them, in one batch'), async () => {
    fga.know(...everything)
    const decision = await checker().check(question())
    expect(decision).toEqual({ allowed: true, checks: everything.map((text) => ({ question: text, allowed: true })) })
    expect(fga.sent.map((sent) => sent.endpoint)).toEqual(['batch-check'])
  })

  test.each(everything)(verifies('F2', 'denies without %s'), async (missing) => {
    fga.know(...everything.filter((text) => text !== missing))
    const decision = await checker().check(question())
    expect(decision.allowed).toBe(false)
    expect(decision.checks.filter((check) => !check.allowed)).toEqual([{ question: missing, allowed: false }])
  })

  test("subjects: 'user' asks for the user's right alone, by a single check", async () => {
    fga.know('user:ann user_can_view portfolio:p1')
    const decision = await checker().check(question({ subjects: 'user' }))
    expect(decision).toEqual({
      allowed: true,
      checks: [{ question: 'user:ann user_can_view portfolio:p1', allowed: true }],
    })
    expect(fga.sent).toMatchObject([
      {
        endpoint: 'check',
        body: {
          tuple_key: { user: 'user:ann', relation: 'user_can_view', object: 'portfolio:p1' },
          authorization_model_id: MODEL,
        },
      },
    ])
  })

  const service: AgentIdentity = { kind: 'agent', issuer: ann.issuer, clientId: 'trader', claims: {} }

  test('an agent alone is asked for its own right, and the question says so', async () => {
    fga.know('agent:trader agent_can_view portfolio:p1')
    const decision = await checker().check(question({ identity: service }))
    expect(decision).toEqual({
      allowed: true,
      checks: [{ question: 'agent:trader agent_can_view portfolio:p1 (the agent alone: no user)', allowed: true }],
    })
  })

  test("an agent alone is denied where only the user's right counts", async () => {
    const decision = await checker().check(question({ identity: service, subjects: 'user' }))
    expect(decision).toMatchObject({ allowed: false, checks: [{ allowed: false, problem: expect.any(String) }] })
    expect(fga.sent).toEqual([])
  })

  test('several permissions are all required; the delegation is asked once', async () => {
    fga.know(...everything, 'user:ann user_can_trade portfolio:p1')
    const permissions = [may('can_view', object('portfolio', 'p1')), may('can_trade', object('portfolio', 'p1'))]
    const decision = await checker().check(question({ permissions }))
    expect(decision.allowed).toBe(false)
    expect(decision.checks.map((check) => [check.question, check.allowed])).toEqual([
      ['user:ann user_can_view portfolio:p1', true],
      ['agent:trader agent_can_view portfolio:p1', true],
      ['user:ann acts_for agent:trader', true],
      ['user:ann user_can_trade portfolio:p1', true],
      ['agent:trader agent_can_trade portfolio:p1', false],
    ])
  })

  test('the facts of each permission and the time go into every context', async () => {
    const trade = may('can_trade', object('portfolio', 'p1'), { context: { symbol: 'AAPL', amount: 50 } })
    const view = may('can_view', object('portfolio', 'p1'))
    await checker().check(question({ permissions: [trade, view] }))
    const now = new Date(NOW).toISOString()
    expect(fga.sent[0]?.body.checks?.map((item) => item.context)).toEqual([
      { symbol: 'AAPL', amount: 50, now },
      { symbol: 'AAPL', amount: 50, now },
      { symbol: 'AAPL', amount: 50, now },
      { now },
      { now },
      { now },
    ])
  })

  test('a hand-made permission cannot set the time', async () => {
    const permission = { ...may('can_view', object('portfolio', 'p1')), context: { now: '2020-01-01T00:00:00Z' } }
    await expect(checker().check(question({ permissions: [permission as never] }))).rejects.toThrow(ConfigurationError)
    expect(fga.sent).toEqual([])
  })

  test('a hand-made permission cannot name everybody', async () => {
    const permission = { relation: 'can_view', object: 'portfolio:*' }
    await expect(checker().check(question({ permissions: [permission as never] }))).rejects.toThrow(InvalidObjectError)
  })

  test('no permission at all is a fault, not an allow', async () => {
    await expect(checker().check(question({ permissions: [] }))).rejects.toThrow(ConfigurationError)
  })

  test('more than fifty questions go in several batches, under ids of their own', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `p${index}`)
    fga.know('user:ann acts_for agent:trader')
    for (const id of ids) {
      fga.know(`user:ann user_can_view portfolio:${id}`, `agent:trader agent_can_view portfolio:${id}`)
    }
    const permissions = ids.map((id) => may('can_view', object('portfolio', id)))
    const decision = await checker().check(question({ permissions }))
    expect(decision.allowed).toBe(true)
    expect(decision.checks).toHaveLength(121)
    // They travel at once, and arrive as they may.
    expect(fga.sent.map((sent) => sent.body.checks?.length).sort()).toEqual([21, 50, 50])
    const correlationIds = fga.sent.flatMap((sent) => sent.body.checks?.map((item) => item.correlation_id) ?? [])
    expect(new Set(correlationIds).size).toBe(121)
    expect(correlationIds.every((id) => /^[A-Za-z0-9-]{1,36}$/.test(id ?? ''))).toBe(true)
  })

  test('one no among several batches denies', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `p${index}`)
    fga.know('user:ann acts_for agent:trader')
    for (const id of ids) {
      fga.know(`user:ann user_can_view portfolio:${id}`)
      if (id !== 'p59') fga.know(`agent:trader agent_can_view portfolio:${id}`)
    }
    const decision = await checker().check(
      question({ permissions: ids.map((id) => may('can_view', object('portfolio', id))) }),
    )
    expect(decision.allowed).toBe(false)
    expect(decision.checks.filter((check) => !check.allowed).map((check) => check.question)).toEqual([
      'agent:trader agent_can_view portfolio:p59',
    ])
  })

  test.each([
    ['read', undefined, 'MINIMIZE_LATENCY'],
    ['write', undefined, 'HIGHER_CONSISTENCY'],
    ['read', 'higherConsistency', 'HIGHER_CONSISTENCY'],
    ['write', 'minimizeLatency', 'MINIMIZE_LATENCY'],
  ] as const)('a %s call with consistency %s asks for %s', async (effect, consistency, expected) => {
    await checker(consistency === undefined ? {} : { consistency }).check(question({ effect }))
    expect(fga.sent[0]?.body.consistency).toBe(expected)
  })

  test('the API token is sent, and no other header of ours', async () => {
    await checker().check(question())
    await checker({ credentials: { method: 'apiToken', token: 'fga-secret' } }).check(question())
    expect(fga.sent.map((sent) => sent.authorization)).toEqual([null, 'Bearer fga-secret'])
  })

  test('an agent that is not called like an object is a fault of the set-up', async () => {
    await expect(checker().check(question({ agent: 'trader' }))).rejects.toThrow('agent.name')
  })

  test(verifies('F2', 'a model without agents needs policies that say so'), async () => {
    const userOnly = checker({ relations: { user: (relation) => relation } })
    fga.know('user:ann can_view portfolio:p1')
    await expect(userOnly.check(question())).rejects.toThrow('relations.agent')
    expect((await userOnly.check(question({ subjects: 'user' }))).allowed).toBe(true)
  })

  test('a relation that is no relation is a fault of the set-up', async () => {
    const broken = checker({ relations: { user: () => 'a#b' } })
    await expect(broken.check(question({ subjects: 'user' }))).rejects.toThrow('relations.user')
  })
})

describe('what the user is called', () => {
  test('the default serves one issuer, and says so', async () => {
    const one = checker()
    expect(one.singleIssuer).toBe(true)
    await one.check(question())
    const other = { ...ann, issuer: 'https://other.example.com' }
    await expect(one.check(question({ identity: other }))).rejects.toThrow(ConfigurationError)
  })

  test('an own userOf serves several', async () => {
    const userOf: OpenFgaOptions['userOf'] = ({ issuer, subject }) =>
      object('user', `${new URL(issuer).host}|${subject}`)
    const several = checker({ userOf })
    expect(several).not.toHaveProperty('singleIssuer')
    fga.know('user:login.example.com|ann user_can_view portfolio:p1')
    expect((await several.check(question({ subjects: 'user' }))).allowed).toBe(true)
    const other = { ...ann, issuer: 'https://other.example.com' }
    expect((await several.check(question({ subjects: 'user', identity: other }))).allowed).toBe(false)
  })

  test.each(['user:*', 'group:g#member', 'ann'])('an own userOf cannot answer %s', async (name) => {
    const broken = checker({ userOf: () => name as never })
    await expect(broken.check(question())).rejects.toThrow(InvalidObjectError)
    expect(fga.sent).toEqual([])
  })
})
