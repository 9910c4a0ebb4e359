import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import type { RoleMap } from '../../../src/entrypoints/roles.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { scopeDenial } from '../../../src/guard/steps/grantable-scopes.ts'
import { admit } from '../../../src/identity/verified.ts'
import { type GuardOptions, policy, publicTool, resource } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const API = 'https://api.example/'
const OTHER = 'https://other.example/'
const api = (scopes: readonly string[], withoutApproval?: readonly string[]) =>
  resource(API, { scopes, ...(withoutApproval && { withoutApproval }) } as never)
const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
const vault = {
  specificationVersion: 1,
  token: async ({ scopes }: { scopes: readonly string[] }) => ({ status: 'token', token: new Token('t'), scopes }),
} as never
const everyRole: Readonly<Record<string, readonly string[]>> = { trader: ['read', 'write'], reader: ['read'] }

/** Roles as this test says, with the scopes that they give. */
const mapOf = (held: readonly string[], problem?: string): RoleMap => ({
  rolesOf: () => held,
  scopesOf: (roles) => new Set(roles.flatMap((role) => everyRole[role] ?? [])),
  ...(problem !== undefined && { problemOf: () => problem }),
})

/** How a call of these rules ends, and whether it came as far as an exchange: there is no issuer behind it. */
async function ends(rules: object, options: Partial<GuardOptions> = {}, identity = user(), amount = 5) {
  const { guard, call } = smallWorld()
  let exchanges = false
  const fetch = async () => {
    exchanges = true
    return new Response(null, { status: 404 })
  }
  const outcome = await guard({ fetch, vault, ...options }).run(
    policy(schema, rules as never),
    call({ identity, input: { amount } }),
    () => 'ran',
  )
  const { steps } = outcome.trace
  return { outcome, exchanges, detail: steps.at(-1)?.detail, roles: steps.find(({ step }) => step === 'roles') }
}

describe('one of the roles that a policy names is enough, and none of them is not', () => {
  test.each<readonly [string, readonly string[], readonly string[], string | undefined]>([
    ['the only one', ['trader'], ['trader'], undefined],
    ['one of two', ['admin', 'trader'], ['trader'], undefined],
    ['another', ['trader'], ['reader'], 'needs one of trader; has reader'],
    ['none at all', ['trader', 'admin'], [], 'needs one of trader, admin; has none'],
    ['none of an empty list', [], ['trader'], 'needs one of ; has trader'],
  ])('%s', async (_, roles, held, told) => {
    const { outcome, detail } = await ends({ roles }, { roles: mapOf(held) })
    expect(outcome).toMatchObject(told === undefined ? { status: 'done' } : { status: 'denied', code: 'role_missing' })
    if (told !== undefined) expect(detail).toBe(told)
  })

  test('why roles could not be read is told to the operator, where they are what lacks', async () => {
    const roles = mapOf([], 'overage')
    expect((await ends({ roles: ['trader'] }, { roles })).detail).toBe('needs one of trader; has none (overage)')
    expect((await ends({ access: { api: api(['read']) } }, { roles })).detail).toMatch(/within the roles; overage$/)
    const agent = { name: 'agent:payer', ceiling: [] }
    const beyond = await ends({ access: { api: api(['read']) } }, { roles: mapOf(['reader'], 'overage'), agent })
    expect(beyond.detail).toBe('api: read is not within the ceiling')
    const none = await ends({ access: { api: api(['read']) } }, { roles, agent })
    expect(none.detail).toBe('api: read is not within the roles; api: read is not within the ceiling; overage')
    expect((await ends({ access: { api: api(['write']) } }, { roles: mapOf(['reader']) })).detail).toBe(
      'api: write is not within the roles',
    )
  })

  test('a policy that needs roles at a guard that knows none is misconfigured, and its remedy is told', async () => {
    const { outcome, detail } = await ends({ roles: ['trader'] })
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(detail).toContain('`roles`')
  })
})

describe('scopes are within roles and ceiling (I5)', () => {
  const ceiling = (...scopes: string[]) => ({ agent: { name: 'agent:payer', ceiling: scopes } })

  test.each<readonly [string, object, Partial<GuardOptions>, string]>([
    ['all of them', { api: api(['read']) }, { roles: mapOf(['reader']) }, 'passes'],
    ['one not in the roles', { api: api(['write']) }, { roles: mapOf(['reader']) }, 'role_missing'],
    ['one not in the ceiling', { api: api(['write']) }, ceiling('read'), 'misconfigured'],
    ['an account’s, which are no words of our roles', { mail }, { roles: mapOf([]) }, 'passes'],
    ['an account’s beyond the ceiling', { mail }, ceiling('read'), 'misconfigured'],
    [
      'one in the roles only, one in neither: the roles speak first',
      { api: api(['read', 'write', 'drop']) },
      { roles: mapOf(['trader']), ...ceiling('drop') },
      'role_missing',
    ],
  ])('%s', async (_, access, options, expected) => {
    const { outcome, roles } = await ends({ access }, options)
    if (expected === 'passes') expect(roles).toMatchObject({ verdict: 'passed' })
    else expect(outcome).toMatchObject({ status: 'denied', code: expected })
  })

  test('of several sources that keep a scope away, the user’s own right comes first, then what was delegated', () => {
    const from = (...sources: readonly string[]) =>
      scopeDenial(sources.map((source) => ({ scope: 's', source })) as never)
    expect(from('ceiling', 'roles')).toBe('role_missing')
    expect(from('roles', 'delegation')).toBe('role_missing')
    expect(from('ceiling', 'delegation')).toBe('delegation_exceeded')
    expect(from('ceiling')).toBe('misconfigured')
  })

  test('the trace of every call says what bounded it, and a policy that needs nothing is bounded by nothing', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard({ ...ceiling('send'), vault })
    const uses = policy(schema, { access: { mail } })
    for (let times = 0; times < 2; times++) {
      const { trace } = await behalf.run(uses, call(), () => 'ran')
      expect(trace.steps).toContainEqual(
        expect.objectContaining({ step: 'roles', detail: 'within the ceiling; no role map' }),
      )
    }
    expect((await ends({ access: { mail } }, { roles: mapOf([]) })).roles?.detail).toBe('within roles and ceiling')
    expect((await ends({}, { roles: mapOf([]) })).roles).toBeUndefined()
    const { trace } = await behalf.run(publicTool(schema), call(), () => 'ran')
    expect(trace.steps.map(({ step }) => step)).toEqual(['input'])
  })

  test('what is beyond the ceiling stays beyond it, however often it is asked for', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard({ ...ceiling('read'), vault })
    const beyond = policy(schema, { access: { mail } })
    for (let times = 0; times < 3; times++) {
      expect(await behalf.run(beyond, call(), () => 'ran')).toMatchObject({ code: 'misconfigured' })
    }
  })

  test('an exempted call within the ceiling lets no other through', async () => {
    const { guard, call } = smallWorld()
    const small = connection('mail', {
      scopes: ['send'],
      withoutApproval: ['draft'],
      origins: ['https://mail.example'],
    })
    const sends = policy(schema, {
      approval: { message: () => 'Send?', when: ({ input }) => input.amount > 10 },
      access: { mail: small },
    })
    const behalf = guard({ ...ceiling('draft'), vault })
    for (let times = 0; times < 2; times++) {
      const slot = `small-${times}`
      expect(await behalf.run(sends, call({ slot, input: { amount: 5 } }), () => 'ran')).toMatchObject({
        status: 'done',
      })
      expect(await behalf.run(sends, call({ slot: `big-${times}` }), () => 'ran')).toMatchObject({
        code: 'misconfigured',
      })
    }
  })
})

describe('a token for the same API gains nothing by an exchange (I5)', () => {
  const holding = (audience?: readonly string[], scopes?: readonly string[]) =>
    admit({ kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims: { iat: 1_799_999_000 } }, {
      token: new Token('a-session-token'),
      type: 'access_token',
      ...(audience && { audience }),
      ...(scopes && { scopes }),
    } as never)
  const own = { access: { api: api(['read']) } }

  test.each<readonly [string, object, ReturnType<typeof holding>, boolean]>([
    ['a scope that it lacks', own, holding([API], ['look']), false],
    ['a scope that it holds', own, holding([API], ['look', 'read']), true],
    ['the second of two that it lacks', { access: { api: api(['look', 'read']) } }, holding([API], ['look']), false],
    ['another API', own, holding([OTHER], ['look']), true],
    ['a token that says no audience', own, holding(undefined, ['look']), true],
    ['a token that says no scopes', own, holding([API], undefined), true],
    [
      'an account that is called as the API is',
      { access: { api: connection(API, { scopes: ['send'], origins: [API.slice(0, -1)] as never }) } },
      holding([API], ['look']),
      true,
    ],
    [
      'another API first, then the same',
      { access: { other: resource(OTHER, { scopes: ['x'] }), api: api(['read']) } },
      holding([API], ['look']),
      false,
    ],
  ])('%s', async (_, rules, identity, passes) => {
    const { outcome, exchanges, roles } = await ends(rules, {}, identity)
    expect(roles?.verdict).toBe(passes ? 'passed' : 'denied')
    if (!passes) expect([outcome, exchanges]).toMatchObject([{ status: 'denied', code: 'not_permitted' }, false])
  })

  test('what a person is asked for is no exchange of it', async () => {
    const asks = { ...own, approval: { message: () => 'Pay?' } }
    const { outcome } = await ends(asks, {}, holding([API], ['look']))
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  })
})
