import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Identity, UserIdentity } from '../../../src/base/contract/index.ts'
import {
  ConfigurationError,
  IdentityRequiredError,
  InvalidTokenError,
  TransportError,
} from '../../../src/base/errors/index.ts'
import { runAs } from '../../../src/identity/run-as.ts'
import { admit } from '../../../src/identity/verified.ts'
import type { AccessChecker } from '../../../src/permissions/openfga/access-checker.ts'
import { filterAllowed } from '../../../src/permissions/openfga/filter-allowed.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { checker, NOW, ann as unverified } from './fga-server.ts'

interface Doc {
  readonly id: string
  readonly score: number
}
const ann = admit<UserIdentity>({ ...unverified })
const docs = (count: number): readonly Doc[] =>
  Array.from({ length: count }, (_, index) => ({ id: `d${index}`, score: 1 - index / 1_000 }))
const permission = ({ id }: Doc) => may('can_read', object('document', id))

/** OpenFGA in a function: knows facts, counts requests, and answers so many of them. */
function world(facts: ReadonlySet<string>, answers = Number.POSITIVE_INFINITY) {
  const requests: number[] = []
  const allows = ({ tuple_key: { user, relation, object: name } }: never & { tuple_key: Record<string, string> }) =>
    facts.has(`${user} ${relation} ${name}`)
  const one = checker({
    fetch: async (_, init) => {
      const body = JSON.parse(String(init?.body))
      requests.push(body.checks?.length ?? 1)
      if (requests.length > answers) await new Promise<never>(() => {})
      if (body.checks === undefined) return Response.json({ allowed: allows(body as never) })
      const result = body.checks.map((item: { correlation_id: string }) => [
        item.correlation_id,
        { allowed: allows(item as never) },
      ])
      return Response.json({ result: Object.fromEntries(result) })
    },
  })
  return { one, requests }
}
const readable = (ids: readonly string[]) =>
  new Set([
    'user:ann acts_for agent:trader',
    ...ids.flatMap((id) => [`user:ann user_can_read document:${id}`, `agent:trader agent_can_read document:${id}`]),
  ])
const options = (permissions: AccessChecker) => ({
  permissions,
  agent: 'agent:trader',
  identity: ann as Identity,
  permission,
})

describe('filterAllowed', () => {
  test('keeps order, scores and the documents themselves', async () => {
    const all = docs(30)
    const { one, requests } = world(readable(['d3', 'd7', 'd29']))
    const found = await filterAllowed(all, options(one))
    expect(found).toEqual({ documents: [all[3], all[7], all[29]], considered: 30, withheld: 27, ended: 'exhausted' })
    expect(found.documents[0]).toBe(all[3])
    expect(requests).toEqual([50, 11])
  })

  test.each([
    'user:ann acts_for agent:trader',
    'user:ann user_can_read document:d1',
    'agent:trader agent_can_read document:d1',
  ])('withholds without %s', async (missing) => {
    const facts = new Set(readable(['d1']))
    facts.delete(missing)
    expect((await filterAllowed(docs(3), options(world(facts).one))).documents).toEqual([])
  })

  test('fetches on until there are enough', async () => {
    const all = docs(200)
    const { one } = world(readable(['d5', 'd40', 'd90', 'd91']))
    const pages: (readonly [number, number])[] = []
    const found = await filterAllowed(
      ({ skip, count }) => {
        pages.push([skip, count])
        return Promise.resolve(all.slice(skip, skip + count))
      },
      { ...options(one), limit: 3 },
    )
    expect(found.documents.map(({ id }) => id)).toEqual(['d5', 'd40', 'd90'])
    expect(found.ended).toBe('enough')
    expect(pages[0]).toEqual([0, 8])
    expect(pages.length).toBeGreaterThan(1)
    expect(found.considered).toBeLessThan(200)
  })

  test('is bounded in candidates, whatever the search gives', async () => {
    const { one, requests } = world(readable([]))
    const found = await filterAllowed(() => docs(1_000), { ...options(one), limit: 3, maxCandidates: 50 })
    expect(found).toMatchObject({ documents: [], considered: 50, ended: 'candidates' })
    expect(requests.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2 * 50 + requests.length)
  })

  test('is bounded in time, and returns what was asked about until then', async () => {
    // The first pages are answered at once, and no later one ever: what is waited for is the deadline alone.
    const { one } = world(readable(['d0']), 8)
    const found = await filterAllowed(docs(1_000), { ...options(one), timeoutMs: 1_500, maxCandidates: 1_000 })
    expect(found.ended).toBe('deadline')
    expect(found.documents.map(({ id }) => id)).toEqual(['d0'])
    const hangs = await filterAllowed(() => new Promise<Doc[]>(() => {}), { ...options(one), timeoutMs: 50 })
    expect(hangs).toMatchObject({ documents: [], ended: 'deadline' })
  })

  test('chunks of one document are asked about once', async () => {
    const chunks = Array.from({ length: 20 }, (_, index) => ({ id: 'd1', score: index }))
    const { one, requests } = world(readable(['d1']))
    expect((await filterAllowed(chunks, options(one))).documents).toEqual(chunks)
    expect(requests).toEqual([3])
  })

  test('a document that cannot be named is withheld, and the others are not', async () => {
    const found = await filterAllowed(
      [
        { id: '*', score: 1 },
        { id: 'd1', score: 1 },
        { id: 'd1#viewer', score: 1 },
      ],
      options(world(readable(['d1'])).one),
    )
    expect(found).toMatchObject({ documents: [{ id: 'd1' }], withheld: 2 })
  })

  test('several permissions are all needed; none is an allow of nothing', async () => {
    const { one } = world(readable(['d1', 'd2']))
    const both = {
      ...options(one),
      permission: ({ id }: Doc) => [permission({ id, score: 0 }), may('can_read', object('document', 'd2'))],
    }
    expect((await filterAllowed(docs(3), both)).documents.map(({ id }) => id)).toEqual(['d1', 'd2'])
    const other = {
      ...options(one),
      permission: ({ id }: Doc) => [permission({ id, score: 0 }), may('can_read', object('document', 'x'))],
    }
    expect((await filterAllowed(docs(3), other)).documents).toEqual([])
    expect((await filterAllowed(docs(3), { ...options(one), permission: () => [] })).documents).toEqual([])
  })

  test('an outage gives nothing rather than a part', async () => {
    const down = checker({ fetch: () => Promise.reject(new Error('down')) })
    await expect(filterAllowed(docs(3), options(down))).rejects.toThrow(TransportError)
  })

  test('the caller may leave', async () => {
    const { one } = world(readable(['d0']), 1)
    const controller = new AbortController()
    const filtering = filterAllowed(docs(500), { ...options(one), signal: controller.signal })
    setTimeout(() => controller.abort(new Error('the user went away')), 80)
    await expect(filtering).rejects.toThrow('the user went away')
  })

  test('takes a verified identity only, that has not ended', async () => {
    const { one } = world(readable(['d1']))
    const { identity: _, ...rest } = options(one)
    await expect(filterAllowed(docs(3), { ...rest, identity: { ...unverified } })).rejects.toThrow(
      IdentityRequiredError,
    )
    await expect(filterAllowed(docs(3), rest)).rejects.toThrow(IdentityRequiredError)
    const found = await runAs(ann, () => filterAllowed(docs(3), rest))
    expect(found.documents.map(({ id }) => id)).toEqual(['d1'])
    const ended = admit<UserIdentity>({ ...unverified, expiresAt: NOW / 1_000 - 31 })
    const clock = { now: () => NOW }
    await expect(filterAllowed(docs(3), { ...rest, clock, identity: ended })).rejects.toThrow(InvalidTokenError)
  })

  test('any checker will do, and none is trusted beyond a literal yes', async () => {
    const yes = { allowed: true, checks: [{ question: 'q', allowed: true }] }
    const plain = (decision: unknown): AccessChecker => ({ check: async () => decision as never })
    expect((await filterAllowed(docs(2), options(plain(yes)))).documents).toHaveLength(2)
    for (const decision of [
      { ...yes, allowed: 'true' },
      { ...yes, checks: [] },
      undefined,
      { allowed: true, checks: [{ allowed: 1 }] },
    ]) {
      expect((await filterAllowed(docs(2), options(plain(decision)))).documents).toEqual([])
    }
    const short: AccessChecker = { ...plain(yes), checkEach: async () => [yes] }
    expect((await filterAllowed(docs(3), options(short))).documents.map(({ id }) => id)).toEqual(['d0'])
  })

  test.each([
    ['limit', { limit: 0 }],
    ['maxCandidates', { maxCandidates: 1.5 }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['timeoutMs', { timeoutMs: 2 ** 31 }],
    ['permission', { permission: undefined }],
    ['permissions', { permissions: {} }],
    ['maxCandidate', { maxCandidate: 1 }],
  ])('%s is checked', async (option, over) => {
    const asked = { ...options(world(new Set()).one), ...over } as never
    await expect(filterAllowed(docs(1), asked)).rejects.toThrow(ConfigurationError)
    await expect(filterAllowed(docs(1), asked)).rejects.toThrow(option)
  })

  test('a rule that answers with a promise decides nothing', async () => {
    const late = {
      ...options(world(readable(['d0'])).one),
      permission: (async () => permission({ id: 'd0', score: 0 })) as never,
    }
    await expect(filterAllowed(docs(1), late)).rejects.toThrow(ConfigurationError)
  })

  test('a rule that returns no permission is refused, with what it returned and what to return', async () => {
    for (const [given, returned] of [
      ['nothing', undefined],
      ['true', true],
    ] as const) {
      const wrong = { ...options(world(readable(['d0'])).one), permission: () => returned as never }
      const text = `filterAllowed.permission: returned ${given}: return may(relation, object(type, id))`
      await expect(filterAllowed(docs(1), wrong)).rejects.toThrow(text)
    }
  })
})

/** Any mixture of rights over a few users, agents and documents. */
const ids = ['d0', 'd1', 'd2', 'd3', 'd4']
const possible = [
  'user:ann acts_for agent:trader',
  'user:bob acts_for agent:trader',
  ...ids.flatMap((id) => [
    `user:ann user_can_read document:${id}`,
    `user:bob user_can_read document:${id}`,
    `agent:trader agent_can_read document:${id}`,
    `agent:trader user_can_read document:${id}`,
    `user:ann agent_can_read document:${id}`,
  ]),
]
const anyFacts = fc.subarray(possible).map((facts) => new Set(facts))
const anyRanking = fc.array(fc.constantFrom(...ids), { maxLength: 60 })

describe('whatever the rights', () => {
  test('the filter gives what direct checks allow, in order, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(anyFacts, anyRanking, fc.integer({ min: 1, max: 10 }), async (facts, ranking, limit) => {
        const { one } = world(facts)
        const found = await filterAllowed(
          ranking.map((id) => ({ id, score: 0 })),
          { ...options(one), limit },
        )
        const direct = await Promise.all(
          ranking.map((id) =>
            one.check({
              identity: ann,
              agent: 'agent:trader',
              permissions: [permission({ id, score: 0 })],
              effect: 'read',
            }),
          ),
        )
        const allowed = ranking.filter((_, index) => direct[index]?.allowed === true)
        expect(found.documents.map(({ id }) => id)).toEqual(allowed.slice(0, limit))
      }),
      { numRuns: 150 },
    )
  })

  test('user and agent together are allowed nothing that either alone is denied', async () => {
    await fc.assert(
      fc.asyncProperty(anyFacts, fc.constantFrom(...ids), async (facts, id) => {
        const { one } = world(facts)
        const asked = {
          identity: ann as Identity,
          agent: 'agent:trader',
          permissions: [permission({ id, score: 0 })],
          effect: 'read',
        } as const
        const [both, user, agent] = await Promise.all([
          one.check(asked),
          one.check({ ...asked, subjects: 'user' }),
          one.check({ ...asked, identity: { kind: 'agent', issuer: ann.issuer, clientId: 'trader', claims: {} } }),
        ])
        const delegated = facts.has('user:ann acts_for agent:trader')
        expect(both.allowed).toBe(user.allowed && agent.allowed && delegated)
      }),
      { numRuns: 300 },
    )
  })
})
