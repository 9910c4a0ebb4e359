import { describe, expect, test } from 'vitest'
import type { AgentIdentity } from '../../../src/base/contract/index.ts'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { questionsFor } from '../../../src/permissions/openfga/question.ts'
import { checker, client, MODEL, NOW, question } from './fga-server.ts'

const asked = { user: 'user:ann', relation: 'viewer', object: 'doc:1' }
const soon = () => new Promise<void>((resolve) => setTimeout(resolve, 5))
const reply = (body: object) => Response.json(body, { headers: { 'openfga-authorization-model-id': MODEL } })

describe('a decision of several answers', () => {
  const yes = { allowed: true }
  const no = { allowed: false }
  const fault = { error: { internal_error: 'deadline_exceeded', message: 'slow' } }
  const decide = (...items: readonly object[]) => {
    const fetch = async (_: unknown, init?: RequestInit) => {
      const { checks } = JSON.parse(String(init?.body)) as { checks: readonly { correlation_id: string }[] }
      return reply({ result: Object.fromEntries(checks.map(({ correlation_id: id }, at) => [id, items[at]])) })
    }
    return checker({ fetch }).check(question())
  }

  test.each([
    ['yes to all', [yes, yes, yes], true],
    ['no to one', [yes, no, yes], false],
    ['no to one, and another that could not be found out', [fault, no, yes], false],
  ])('%s', async (_, items, allowed) => {
    expect(await decide(...items)).toMatchObject({ allowed })
  })

  test('one that could not be found out beside nothing but yes is an outage', async () => {
    await expect(decide(yes, fault, yes)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
  })
})

test('an agent alone is denied each of a list where only the user’s right counts, and no request is sent', async () => {
  const identity: AgentIdentity = { kind: 'agent', issuer: 'https://login.example.com', clientId: 'bot', claims: {} }
  const permissions = ['p1', 'p2'].map((id) => may('can_view', object('portfolio', id)))
  const silent = checker({ fetch: () => Promise.reject(new Error('asked')) })
  const each = await silent.checkEach(question({ identity, permissions, subjects: 'user' }))
  expect(each.map(({ allowed, checks }) => [allowed, checks.length])).toEqual([
    [false, 1],
    [false, 1],
  ])
  for (const { checks } of each) expect(checks[0]?.problem).toContain('no user')
})

test('a model without agents is a fault of the set-up, and says so', () => {
  const subjects = { kind: 'agent', agent: object('agent', 'trader') } as const
  const ask = () => questionsFor(subjects, [may('view', object('doc', '1'))], { user: String }, [])
  expect(ask).toThrow(ConfigurationError)
})

test.each([7, ['doc'], null, undefined])('an object has no type %j: it is a text', (type) => {
  expect(() => object(type as never, '1')).toThrow(ConfigurationError)
})

describe('a question that is on its way', () => {
  /** Answers nothing before `open` is called, and counts what was asked. */
  function held() {
    const opened = Promise.withResolvers<void>()
    let requests = 0
    const fetch = async () => {
      requests++
      await opened.promise
      return reply({ allowed: true })
    }
    return { fetch, open: opened.resolve, requests: () => requests }
  }
  const ask = (one: ReturnType<typeof checker>) => one.check(question({ subjects: 'user' }))

  test.each([
    ['is joined by one of the same moment', 0, 0, 1],
    ['is not joined by one of a later moment', 0, 1, 2],
    ['is joined by a later one where answers may be as old as that', 5, 1, 1],
  ])('%s', async (_, cacheSeconds, later, requests) => {
    let now = NOW
    const { fetch, open, requests: sent } = held()
    const one = checker({ fetch, cacheSeconds, clock: { now: () => now } })
    const first = ask(one)
    await soon()
    now += later
    const second = ask(one)
    await soon()
    open()
    expect(await Promise.all([first, second])).toMatchObject([{ allowed: true }, { allowed: true }])
    expect(sent()).toBe(requests)
  })

  test('stays open to others when one of two leaves it', async () => {
    const { fetch, open, requests } = held()
    const one = client({ fetch })
    const leaving = new AbortController()
    const left = one.check(asked, { signal: leaving.signal })
    const stays = one.check(asked)
    await soon()
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    const joins = one.check(asked)
    await soon()
    open()
    expect(await Promise.all([stays, joins])).toEqual([{ allowed: true }, { allowed: true }])
    expect(requests()).toBe(1)
  })
})
