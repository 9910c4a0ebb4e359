import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Identity, UserIdentity } from '../../../src/base/contract/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import type { AccessChecker, AccessQuestion } from '../../../src/permissions/openfga/access-checker.ts'
import { filterAllowed } from '../../../src/permissions/openfga/filter-allowed.ts'
import { may } from '../../../src/permissions/openfga/may.ts'
import { object } from '../../../src/permissions/openfga/object.ts'
import { checker, ann as unverified } from './fga-server.ts'

interface Doc {
  readonly id: string
  readonly score: number
}
const ann: Identity = admit<UserIdentity>({ ...unverified })
const bob: Identity = admit<UserIdentity>({ ...unverified, subject: 'bob' })
const docs = (count: number): readonly Doc[] =>
  Array.from({ length: count }, (_, index) => ({ id: `d${index}`, score: 1 - index / 1_000 }))
const permission = ({ id }: Doc) => may('can_read', object('document', id))
const idsOf = ({ documents }: { readonly documents: readonly Doc[] }) => documents.map(({ id }) => id)
const after = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** Answers by a rule, when a test says so, and notes what it was asked. */
function slowChecker(allows: (question: AccessQuestion, object: string) => boolean) {
  const asked: AccessQuestion[] = []
  const waiting: (() => void)[] = []
  const permissions: AccessChecker = {
    check: () => Promise.reject(new Error('asked one by one')),
    checkEach: async (question) => {
      asked.push(question)
      await new Promise<void>((resolve) => waiting.push(resolve))
      return question.permissions.map(({ object: name }) => {
        const allowed = allows(question, name)
        return { allowed, checks: [{ question: name, allowed }] }
      })
    },
  }
  const answer = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  return { permissions, asked, answer }
}
const everything = () => slowChecker(() => true)
const options = (permissions: AccessChecker, over: object = {}) => ({
  permissions,
  agent: 'agent:trader',
  identity: ann,
  permission,
  ...over,
})

const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)
beforeEach(() => void process.on('unhandledRejection', onUnhandled))
afterEach(async () => {
  await after(5)
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled.splice(0)).toEqual([])
})

/** OpenFGA in a function, that lets each user read the documents with their own number. */
function twoReaders() {
  const requests: number[] = []
  const own = { 'user:ann': 0, 'user:bob': 1 } as Readonly<Record<string, number>>
  const one = checker({
    fetch: async (_, init) => {
      const { checks } = JSON.parse(String(init?.body))
      requests.push(checks.length)
      await after(Math.random() * 10)
      const result = checks.map(({ correlation_id: id, tuple_key: { user, relation, object: name } }: never) => [
        id,
        { allowed: relation !== 'user_can_read' || Number(String(name).slice(10)) % 2 === own[user] },
      ])
      return Response.json({ result: Object.fromEntries(result) })
    },
  })
  return { one, requests }
}

describe('filters at the same time', () => {
  test('share requests, and each gets its own user’s documents', async () => {
    const { one, requests } = twoReaders()
    const readers = [ann, bob, ann, bob, ann, bob]
    const all = docs(60)
    const found = await Promise.all(readers.map((identity) => filterAllowed(all, options(one, { identity, limit: 7 }))))
    for (const [index, { documents, ended }] of found.entries()) {
      const own = all.filter((_, at) => at % 2 === index % 2).slice(0, 7)
      expect(documents).toEqual(own)
      expect(ended).toBe('enough')
    }
    // Three of each ask the same; the first pages of both users fill one request and a bit.
    expect(requests.reduce((sum, count) => sum + count, 0)).toBeLessThan(6 * 60)
  })

  test('one that is aborted takes nothing from the others, and gives nothing', async () => {
    const { one } = twoReaders()
    const controller = new AbortController()
    const left = filterAllowed(docs(200), options(one, { signal: controller.signal }))
    const stays = filterAllowed(docs(200), options(one, { limit: 50 }))
    left.catch(() => {})
    await after(3)
    controller.abort(new Error('the user went away'))
    await expect(left).rejects.toThrow('the user went away')
    expect(idsOf(await stays)).toHaveLength(50)
  })
})

describe('a checker that answers late', () => {
  test('adds nothing to what was returned at the deadline, and is told to stop', async () => {
    const late = everything()
    const found = await filterAllowed(docs(100), options(late.permissions, { timeoutMs: 30 }))
    expect(found).toEqual({ documents: [], considered: 0, withheld: 0, ended: 'deadline' })
    expect(late.asked[0]?.signal?.aborted).toBe(true)
    late.answer()
    await after(5)
    expect(found.documents).toEqual([])
    // No further request was sent for a caller that left.
    expect(late.asked).toHaveLength(1)
  })

  test('counts for nothing after an abort, in the middle of a search too', async () => {
    const late = everything()
    const controller = new AbortController()
    const filtering = filterAllowed(docs(200), options(late.permissions, { signal: controller.signal }))
    late.answer()
    await after(5)
    late.answer()
    await after(5)
    controller.abort(new Error('left'))
    await expect(filtering).rejects.toThrow('left')
    const before = late.asked.length
    late.answer()
    await after(5)
    expect(late.asked).toHaveLength(before)
  })

  test('that fails late fails nothing any more', async () => {
    const failing: AccessChecker = {
      check: async () => {
        await after(40)
        throw new Error('late')
      },
    }
    expect(await filterAllowed(docs(5), options(failing, { timeoutMs: 10 }))).toMatchObject({ ended: 'deadline' })
    await after(60)
  })

  test('an abort before the start sends no request', async () => {
    const never = everything()
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(filterAllowed(docs(5), options(never.permissions, { signal: gone }))).rejects.toThrow('gone')
    expect(never.asked).toEqual([])
  })
})

describe('a search that answers late, or too much', () => {
  const quick = (allows: (name: string) => boolean): AccessChecker => ({
    check: () => Promise.reject(new Error('asked one by one')),
    checkEach: async ({ permissions }) =>
      permissions.map(({ object: name }) => {
        const allowed = allows(name)
        return { allowed, checks: [{ question: name, allowed }] }
      }),
  })

  test('is not waited for beyond the deadline; its later results are discarded', async () => {
    let asked = 0
    const pages = async ({ skip, count }: { readonly skip: number; readonly count: number }) => {
      if (skip > 0) await after(60)
      return docs(200).slice(skip, skip + count)
    }
    const counting = quick(() => ++asked > 0)
    const found = await filterAllowed(pages, options(counting, { timeoutMs: 30 }))
    expect(found.ended).toBe('deadline')
    expect(found.documents).toHaveLength(48)
    await after(80)
    expect(asked).toBe(48)
  })

  test('is asked for pages that follow each other, none larger than two requests take, and none beyond the bound', async () => {
    const pages: (readonly [number, number])[] = []
    const one = ({ skip, count }: { readonly skip: number; readonly count: number }) => {
      pages.push([skip, count])
      return docs(10_000).slice(skip, skip + count)
    }
    const found = await filterAllowed(
      one,
      options(
        quick(() => false),
        { limit: 1_000, maxCandidates: 130 },
      ),
    )
    expect(found).toMatchObject({ considered: 130, withheld: 130, ended: 'candidates' })
    expect(pages).toEqual([
      [0, 48],
      [48, 48],
      [96, 34],
    ])
  })

  test('one that gives less than it was asked for goes on; one that never ends is bounded', async () => {
    let calls = 0
    const single = ({ skip }: { readonly skip: number }) => {
      calls++
      return docs(1_000).slice(skip, skip + 1)
    }
    const found = await filterAllowed(
      single,
      options(
        quick(() => false),
        { limit: 1, maxCandidates: 20 },
      ),
    )
    expect(found).toMatchObject({ considered: 20, ended: 'candidates' })
    expect(calls).toBe(20)
  })

  test('the same document twice is kept twice, in its places, with its scores', async () => {
    const [one, two] = docs(2) as [Doc, Doc]
    const again = { ...one, score: 0.1 }
    const ranking = [two, one, two, again]
    const found = await filterAllowed(ranking, options(quick((name) => name === 'document:d0')))
    expect(found.documents).toEqual([one, again])
    expect(found.documents[0]).toBe(one)
    expect(found.documents[1]).toBe(again)
  })

  test('a list that changes meanwhile lets through nothing that was not asked about', async () => {
    const late = slowChecker((_, name) => name === 'document:d0')
    const list = [...docs(3)]
    const filtering = filterAllowed(list, options(late.permissions))
    await after(1)
    list.splice(0, 3, { id: 'secret', score: 9 })
    late.answer()
    await after(1)
    late.answer()
    expect(idsOf(await filtering)).toEqual(['d0'])
  })

  test('every permission is asked for once for each candidate: a rule has no second word', async () => {
    let asked = 0
    const found = await filterAllowed(
      docs(30),
      options(
        quick(() => true),
        {
          permission: (doc: Doc) => {
            asked++
            return permission(doc)
          },
        },
      ),
    )
    expect(found.documents).toHaveLength(30)
    expect(asked).toBe(30)
  })
})

test('a rule that answers late is named, and its own failure is not reported', async () => {
  const late = everything()
  const failing = { permission: () => Promise.reject(new Error('of the rule')) }
  await expect(filterAllowed(docs(1), options(late.permissions, failing))).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining('filterAllowed.permission'),
  })
  expect(late.asked).toEqual([])
})

test('the check carries subjects and effect of the options', async () => {
  const late = everything()
  const filtering = filterAllowed(docs(1), options(late.permissions, { subjects: 'user', effect: 'write' }))
  await after(1)
  late.answer()
  await filtering
  expect(late.asked[0]).toMatchObject({ subjects: 'user', effect: 'write', agent: 'agent:trader', identity: ann })
  const plain = filterAllowed(docs(1), options(late.permissions))
  await after(1)
  late.answer()
  await plain
  expect(late.asked[1]).toMatchObject({ effect: 'read' })
  expect(late.asked[1]).not.toHaveProperty('subjects')
})

test('a search is held to the options that it came with, where its caller fills them in for the next one', async () => {
  const { permissions, asked, answer } = everything()
  const filledIn = { ...options(permissions), limit: 1 }
  const search = filterAllowed(async () => docs(1), filledIn)
  Object.assign(filledIn, { identity: bob, agent: 'agent:other', subjects: 'user', effect: 'write' })
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  answer()
  await search
  expect(asked[0]).toMatchObject({ identity: ann, agent: 'agent:trader', effect: 'read' })
  expect(asked[0]).not.toHaveProperty('subjects')
})
