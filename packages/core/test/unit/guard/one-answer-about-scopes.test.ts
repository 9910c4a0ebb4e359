import { verifies } from '@behalf/testing/requirements'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { bindToDelegation } from '../../../src/delegations/delegations.ts'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { explainAccess, roleMap } from '../../../src/entrypoints/roles.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type GuardOptions, may, object, policy, resource, type UserIdentity } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const API = 'https://api.example/'
const OTHER = 'https://other.example/'
const agent = 'agent:payer'

/** Refuses every permission, so that a run ends right after the role step and asks no server. */
const refusing = {
  check: async () => ({ allowed: false, checks: [{ question: 'asked', allowed: false }] }),
} as unknown as AccessChecker

interface OwnToken {
  readonly audience?: readonly string[]
  readonly scopes?: readonly string[]
}

interface Delegated {
  readonly agent: string
  readonly tools?: readonly string[]
  readonly scopes?: readonly string[]
}

function identityOf({
  held,
  token,
  delegation,
}: {
  readonly held: readonly string[]
  readonly token?: OwnToken | undefined
  readonly delegation?: Delegated | undefined
}): UserIdentity {
  const identity = admit(
    {
      kind: 'user',
      issuer: ISSUER,
      subject: 'ann',
      clientId: 'agent',
      claims: { iat: 1_799_999_000, roles: held },
      ...(delegation && { delegationId: 'job-1' }),
    },
    token && ({ token: new Token('a-session-token'), type: 'access_token', ...token } as never),
  ) as UserIdentity
  if (delegation !== undefined) {
    bindToDelegation(identity, { client: 'agent', credentials: 'refresh_token', ...delegation } as never)
  }
  return identity
}

type Case = 'always' | 'approved' | 'exempt'

/** What guard, policy tester and list of tools say about the tool `pay`, for each approval case of its policy. */
async function answers(rules: object, identity: UserIdentity, options: Partial<GuardOptions>) {
  const { guard, call } = smallWorld()
  const behalf = guard({ permissions: refusing, agent: { name: agent }, ...options })
  const pay = policy(schema, { permission: () => may('can_pay', object('account', 'a')), ...rules } as never)
  const { reports, text } = explainAccess(
    { pay },
    { identity, agent: { name: agent, ...options.agent }, ...(options.roles && { roles: options.roles }) },
  )
  const cases = [...new Set(reports.map(({ when }) => when))] as Case[]
  const guardSays: Partial<Record<Case, boolean>> = {}
  for (const one of cases) {
    const { trace } = await behalf.run(
      pay,
      call({ identity, slot: `slot-${one}`, input: { amount: one === 'exempt' ? 5 : 50 } }),
      () => 'ran',
    )
    guardSays[one] = trace.steps.some(({ step, verdict }) => step === 'roles' && verdict === 'passed')
  }
  const explained = Object.fromEntries(
    cases.map((one) => [one, reports.filter(({ when }) => when === one).every(({ allowed }) => allowed)]),
  )
  const { names } = await behalf.visible({ pay }, identity)
  return { guardSays, explained, visible: names.includes('pay'), text }
}

const scopes = ['read', 'write', 'drop'] as const
const roles = ['reader', 'trader', 'boss'] as const
const some = <T>(of: readonly T[], minLength = 0) => fc.uniqueArray(fc.constantFrom(...of), { minLength })
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 2 })

const credential = fc.record({
  kind: fc.constantFrom('api', 'other', 'mail'),
  scopes: some(scopes, 1),
  // Smaller scopes have other names, as a policy has to have them.
  small: some(['look', 'draft'], 1),
})

const scene = fc.record({
  credentials: fc.uniqueArray(credential, { selector: ({ kind }) => kind, minLength: 1, maxLength: 3 }),
  approval: fc.constantFrom('none', 'always', 'when'),
  needed: maybe(some(roles, 1)),
  map: maybe(fc.record({ reader: some([...scopes, 'look'], 1), trader: some([...scopes, 'look', 'draft'], 1) })),
  held: some(roles),
  ceiling: maybe(some([...scopes, 'look', 'draft'])),
  delegation: maybe(
    fc.record(
      {
        agent: fc.constantFrom(agent, agent, agent, 'agent:other'),
        tools: some(['pay', 'other']),
        scopes: some([...scopes, 'look', 'draft']),
      },
      { requiredKeys: ['agent'] },
    ),
  ),
  token: maybe(
    fc.record({ audience: some([API, OTHER, 'agent']), scopes: some([...scopes, 'look']) }, { requiredKeys: [] }),
  ),
})

function accessOf(
  credentials: readonly { readonly kind: string; scopes: string[]; small: string[] }[],
  exempts: boolean,
) {
  return Object.fromEntries(
    credentials.map(({ kind, scopes, small }) => {
      const asked = { scopes, ...(exempts && { withoutApproval: small }) } as never
      if (kind === 'mail')
        return [kind, connection('mail', { ...(asked as object), origins: ['https://mail.example'] } as never)]
      return [kind, resource(kind === 'api' ? API : OTHER, asked)]
    }),
  )
}

describe('guard.run, explainAccess and guard.visible', () => {
  test(
    verifies('I5', 'give one answer about roles and scopes for any policy, role map, ceiling, delegation and token'),
    async () => {
      let [yes, no] = [0, 0]
      await fc.assert(
        fc.asyncProperty(scene, async ({ credentials, approval, needed, map, held, ceiling, delegation, token }) => {
          const rules = {
            access: accessOf(credentials, approval === 'when'),
            ...(needed && { roles: needed }),
            ...(approval !== 'none' && {
              approval: {
                message: () => 'Pay?',
                ...(approval === 'when' && {
                  when: ({ input }: { readonly input: { readonly amount: number } }) => input.amount > 10,
                }),
              },
            }),
          }
          const { guardSays, explained, visible } = await answers(
            rules,
            identityOf({ held, token: token as OwnToken, delegation: delegation as Delegated }),
            {
              ...(map && { roles: roleMap({ claim: 'roles', scopes: map }) }),
              agent: { name: agent, ...(ceiling && { ceiling }) },
            },
          )
          expect(explained).toEqual(guardSays)
          expect(visible).toBe(Object.values(guardSays).includes(true))
          if (visible) yes++
          else no++
        }),
        { numRuns: 400 },
      )
      // Both answers were given often, or nothing was shown.
      expect(Math.min(yes, no)).toBeGreaterThan(40)
    },
  )

  const own = { access: { api: resource(API, { scopes: ['write'] }) } }

  test('refuse a scope that the user’s own token for the same API lacks, and say why', async () => {
    const lacking = identityOf({ held: [], token: { audience: [API], scopes: ['read'] } })
    const { guardSays, explained, visible, text } = await answers(own, lacking, {})
    expect([guardSays, explained, visible]).toEqual([{ always: false }, { always: false }, false])
    expect(text).toContain("- subject_token: the user's own token lacks it")
  })

  test('refuse a tool that the delegation does not name, and say why', async () => {
    const job = identityOf({ held: [], delegation: { agent, tools: ['report'] } })
    const { guardSays, explained, visible, text } = await answers(own, job, {})
    expect([guardSays, explained, visible]).toEqual([{ always: false }, { always: false }, false])
    expect(text).toContain('the delegation does not name the tool pay')
  })

  test('refuse a scope that the delegation of the identity does not cover', async () => {
    const job = identityOf({ held: [], delegation: { agent, scopes: ['read'] } })
    const { guardSays, explained, visible } = await answers(own, job, {})
    expect([guardSays, explained, visible]).toEqual([{ always: false }, { always: false }, false])
  })

  test('allow what an exempted call may have of a linked account, where the rest is beyond the ceiling', async () => {
    const rules = {
      approval: { message: () => 'Send?', when: ({ input }: { input: { amount: number } }) => input.amount > 10 },
      access: {
        mail: connection('mail', { scopes: ['write'], withoutApproval: ['draft'], origins: ['https://mail.example'] }),
      },
    }
    const options = { agent: { name: agent, ceiling: ['draft'] } }
    const { guardSays, explained, visible } = await answers(rules, identityOf({ held: [] }), options)
    expect(guardSays).toEqual({ approved: false, exempt: true })
    expect([explained, visible]).toEqual([guardSays, true])
  })
})

test('explainAccess takes the delegation and the token that a test gives it', () => {
  const pay = policy(schema, { access: { api: resource(API, { scopes: ['write'] }) } })
  const allowed = (over: object) =>
    explainAccess({ pay }, { identity: identityOf({ held: [] }), agent: { name: agent }, ...over }).reports[0]?.allowed
  expect(allowed({})).toBe(true)
  expect(allowed({ delegation: ['read'] })).toBe(false)
  expect(allowed({ subjectToken: { audience: [API], scopes: ['read'] } })).toBe(false)
  expect(allowed({ subjectToken: { audience: [OTHER], scopes: ['read'] } })).toBe(true)
  expect(allowed({ subjectToken: { audience: [API], scopes: ['write'] } })).toBe(true)
})
