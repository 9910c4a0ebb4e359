import { verifies } from '@behalf/testing/requirements'
import { beforeEach, describe, expect, test } from 'vitest'
import { Token } from '../../../src/entrypoints/spi.ts'
import { connection, type Vault, type VaultRequest } from '../../../src/entrypoints/vault.ts'
import { type Call, policy } from '../../../src/index.ts'
import { schema, smallWorld, user } from '../guard/small-world.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4838', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const API = 'https://api.crm.example'
const pays = (account?: () => string | undefined) =>
  policy(schema, {
    version: '1',
    effect: 'write',
    access: {
      crm: connection('crm', { scopes: ['contacts.write'], origins: [API], ...(account !== undefined && { account }) }),
    },
  })

/** A guard over a vault, and an API that refuses each token once `refuses` is set, and records the others. */
function calling(vault: Vault) {
  const inner = smallWorld()
  const api = { refuses: '', took: [] as string[] }
  const fetch = async (_: unknown, init?: RequestInit) => {
    const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '') ?? ''
    if (token === api.refuses) return new Response(null, { status: 401 })
    api.took.push(token)
    return new Response('ok')
  }
  const guard = inner.guard({ vault, fetch: fetch as typeof globalThis.fetch })
  const run = (rule: ReturnType<typeof pays>, meanwhile: () => Promise<void>, slot = 'slot') =>
    guard.run(rule, inner.call({ slot }), async (_input, { access }: Call<{ crm: ReturnType<typeof connection> }>) => {
      await access.crm.fetch(`${API}/invoices`, { method: 'POST' })
      await meanwhile()
      api.refuses = api.took.at(-1) ?? ''
      return (await access.crm.fetch(`${API}/mails`, { method: 'POST' })).status
    })
  return { ...inner, api, run }
}

/** A vault with a token for each account that it is asked for; each answer has another token. */
function accountsOf(asked: VaultRequest[], expiresAt: number): Vault {
  return {
    specificationVersion: 1,
    token: async (request) => {
      asked.push(request)
      const token = new Token(`token-${asked.length}-of-${request.account}`)
      return { status: 'token', token, scopes: ['contacts.write'], expiresAt }
    },
  }
}

/** A vault to which Ann has linked two accounts, and her choice between them. */
async function twoAccounts() {
  const { vault, link, tokenOf } = world(crm, { clock })
  const ann = user({ issuer: 'https://issuer.example' })
  for (crm.state.account of ['a-1', 'a-2']) await link(ann)
  const prefer = async (account: string) => {
    // A vault asks a provider no more often than that, whatever an API refuses.
    clock.advance(120)
    await vault.accounts.prefer(ann, { connection: 'crm', account })
  }
  await prefer('a-1')
  return { vault, ann, prefer, tokenOf }
}

describe('the user chooses another account while a body runs, and the API refuses its token', () => {
  test(verifies('I5', 'the body goes on with the account that its policy had chosen'), async () => {
    const asked: VaultRequest[] = []
    let chosen = 'a-1'
    const { run, api } = calling(accountsOf(asked, 1_800_003_600))
    const outcome = await run(
      pays(() => chosen),
      async () => {
        chosen = 'a-2'
      },
    )
    expect(outcome).toMatchObject({ status: 'done', result: 200 })
    expect(api.took).toEqual(['token-1-of-a-1', 'token-2-of-a-1'])
  })

  test(verifies('I5', 'the body goes on with the account that the vault had chosen'), async () => {
    const { vault, ann, prefer, tokenOf } = await twoAccounts()
    const { run, api } = calling(vault)
    expect(await run(pays(), () => prefer('a-2'))).toMatchObject({ status: 'done', result: 200 })
    const other = await tokenOf({ identity: ann, account: 'a-2' })
    expect(api.took).toHaveLength(2)
    expect(api.took).not.toContain(other)
    // The next call has what the user chose.
    await run(pays(), async () => {}, 'another')
    expect(api.took[2]).toBe(other)
  })

  test('a refused token is forgotten, also where the vault knows the account by another name than the policy', async () => {
    let given = 0
    const token: Vault['token'] = async ({ scopes }) => {
      return { status: 'token', token: new Token(`token-${++given}`), scopes, account: 'a-1', recheckSeconds: 60 }
    }
    const { run, api } = calling({ specificationVersion: 1, token })
    const rule = pays(() => 'work')
    await run(rule, async () => {})
    api.refuses = 'token-1'
    await run(rule, async () => {}, 'another')
    expect(api.took.slice(0, 3)).toEqual(['token-1', 'token-2', 'token-3'])
  })

  test(verifies('I5', 'where that account was disconnected, the body gets no token of another one'), async () => {
    const { vault, ann, prefer } = await twoAccounts()
    const { run, api } = calling(vault)
    const outcome = await run(pays(), async () => {
      await prefer('a-2')
      await vault.accounts.disconnect(ann, { connection: 'crm', account: 'a-1' })
    })
    expect(outcome).toMatchObject({ status: 'done', result: 401 })
    expect(api.took).toHaveLength(1)
  })
})

describe('the user chooses another account after a person approved the call', () => {
  const boss = { issuer: 'https://issuer.example', subject: 'boss' }
  const asks = (account?: () => string | undefined) =>
    policy(schema, {
      version: '1',
      approval: { message: () => `Pay from ${account?.() ?? 'the account'}`, approver: () => boss },
      access: {
        crm: connection('crm', {
          scopes: ['contacts.write'],
          origins: [API],
          ...(account !== undefined && { account }),
        }),
      },
    })

  /** A call that the boss approves, and the same call once `choose` was called. */
  async function approved(vault: Vault, rule: ReturnType<typeof asks>, choose: () => unknown, identity = user()) {
    const { guard, call, answers, questions, clock: time } = smallWorld()
    const behalf = guard({ vault })
    const run = () =>
      behalf.run(rule, call({ identity }), (_, { access }) => access.crm.withToken((token) => token.length))
    await run()
    answers({ status: 'approved' })
    time.advance(10)
    expect(await behalf.preflight(rule, call({ identity }))).toMatchObject({ status: 'ready' })
    await choose()
    answers({ status: 'pending' })
    return { run, questions, messages: () => questions.map(({ message }) => message) }
  }

  test.each(['work', undefined])(
    verifies('A11', 'the approver is asked about the account that the policy chooses now, in place of %s'),
    async (first) => {
      let chosen: string | undefined = first
      const rule = asks(() => chosen)
      const { run, messages } = await approved(accountsOf([], 1_800_003_600), rule, () => {
        chosen = 'private'
      })
      expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
      expect(messages()).toEqual([`Pay from ${first ?? 'the account'}`, 'Pay from private'])
    },
  )

  test(verifies('A11', 'the approver is asked about the account that the vault chooses now'), async () => {
    const { vault, ann, prefer } = await twoAccounts()
    const { run, questions } = await approved(vault, asks(), () => prefer('a-2'), ann)
    expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(questions).toHaveLength(2)
  })

  test(verifies('A11', 'a yes holds in each process, also where one has a token of the account before'), async () => {
    const { guard, call, answers, questions, clock: time } = smallWorld()
    time.advance((clock.now() - time.now()) / 1000)
    const { vault: here, link, store } = world(crm, { clock: time })
    const { vault: elsewhere } = world(crm, { clock: time, store })
    const ann = user({ issuer: 'https://issuer.example' })
    for (crm.state.account of ['a-1', 'a-2']) await link(ann)
    await here.accounts.prefer(ann, { connection: 'crm', account: 'a-1' })
    const one = guard({ vault: here })
    const run = (at: typeof one) => {
      time.advance(6)
      return at.run(
        asks(() => undefined),
        call({ identity: ann }),
        (_, { access }) => access.crm.withToken((token) => token.length),
      )
    }
    await run(one)
    await elsewhere.accounts.prefer(ann, { connection: 'crm', account: 'a-2' })
    await run(guard({ vault: elsewhere }))
    expect(questions).toHaveLength(2)
    answers({ status: 'approved' })
    expect(await run(one)).toMatchObject({ status: 'done' })
    expect(questions).toHaveLength(2)
  })

  test(verifies('A11', 'the call does not start where the account changes while its token is opened'), async () => {
    let chosen = 'work'
    let changes = false
    const inner = accountsOf([], 1_800_003_600)
    const token: Vault['token'] = async (request, context) => {
      const { expiresAt: _, ...unkept } = (await inner.token(request, context)) as { expiresAt?: number }
      // A token that is not kept is asked for when the link is checked, and again when it is opened.
      if (changes) chosen = 'private'
      return unkept as Awaited<ReturnType<Vault['token']>>
    }
    const rule = asks(() => chosen)
    const { run, messages } = await approved({ ...inner, token }, rule, () => {
      changes = true
    })
    expect(await run()).toMatchObject({ status: 'unavailable' })
    expect(await run()).toMatchObject({ status: 'interrupted' })
    expect(messages()).toEqual(['Pay from work', 'Pay from private'])
  })

  test.each(['work', undefined])(
    verifies('A13', 'a run in doubt is not tried again in another account than %s, where no person has to be asked'),
    async (first) => {
      let chosen: string | undefined = first
      const rule = policy(schema, {
        version: '1',
        approval: { message: () => 'Pay', when: () => false, onCrash: 'retry' },
        access: {
          crm: connection('crm', {
            scopes: ['contacts.write'],
            withoutApproval: ['contacts.read'],
            origins: [API],
            account: () => chosen,
          }),
        },
      })
      const { guard, call } = smallWorld()
      const wrote: string[] = []
      const token: Vault['token'] = async ({ account = 'default', scopes }) => ({
        status: 'token',
        token: new Token(account),
        scopes,
      })
      const fetch = async (_: unknown, init?: RequestInit) => {
        wrote.push(new Headers(init?.headers).get('authorization') ?? '')
        return new Response(null, { status: 503 })
      }
      const behalf = guard({ vault: { specificationVersion: 1, token }, fetch: fetch as typeof globalThis.fetch })
      const run = () =>
        behalf.run(rule, call(), async (_, { access }) => {
          const { status } = await access.crm.fetch(`${API}/invoices`, { method: 'POST' })
          throw new Error(`the API answered ${status}`)
        })
      await expect(run()).rejects.toThrow('503')
      await expect(run()).rejects.toThrow('503')
      expect(new Set(wrote)).toEqual(new Set([`Bearer ${first ?? 'default'}`]))
      expect(wrote).toHaveLength(2)
      chosen = 'private'
      expect(await run()).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
      expect(wrote).toHaveLength(2)
    },
  )

  test('the call runs where the account is the same', async () => {
    const rule = asks(() => 'work')
    const { run } = await approved(accountsOf([], 1_800_003_600), rule, () => {})
    expect(await run()).toMatchObject({ status: 'done' })
  })
})

test(
  verifies('I2', 'an account that changes while its token is asked for is not stored under the other account'),
  async () => {
    const asked: VaultRequest[] = []
    const world = smallWorld()
    const guard = world.guard({ vault: accountsOf(asked, 1_800_003_600) })
    for (let changesAt = 1; changesAt <= 8; changesAt++) {
      let times = 0
      let settled: string | undefined
      const rule = pays(() => settled ?? (++times >= changesAt ? 'a-2' : 'a-1'))
      const identity = user({ subject: `user-${changesAt}` })
      const tokenOf = async (slot: string) => {
        const outcome = await guard.run(rule, world.call({ slot, identity }), (_input, { access }) =>
          access.crm.withToken((token) => token.split('-of-')[1] ?? ''),
        )
        return outcome.status === 'done' ? outcome.result : outcome.status
      }
      await tokenOf('first')
      settled = 'a-1'
      expect(await tokenOf('second')).toBe('a-1')
    }
  },
)
