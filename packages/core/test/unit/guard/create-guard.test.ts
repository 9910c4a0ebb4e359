import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ciba } from '../../../src/entrypoints/ciba.ts'
import { entra, keycloak, oidc, okta } from '../../../src/entrypoints/providers.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import {
  createGuard,
  currentCall,
  type GuardOptions,
  memoryStore,
  policy,
  publicTool,
  resource,
} from '../../../src/index.ts'
import { asks, ISSUER, smallWorld } from './small-world.ts'

const good: GuardOptions = {
  authorizationServer: oidc({ issuer: 'https://issuer.example', clientId: 'a', clientSecret: 'a-long-secret' }),
  agent: { name: 'agent:trader' },
}
const made = (over: object) => () => createGuard({ ...good, ...over })
const durable = { ...memoryStore(), durable: true, specificationVersion: 2 }

describe(verifies('E3', 'bad configuration fails at construction, and names the option (E3)'), () => {
  test.each([
    ['an unknown option', { permision: {} }, 'createGuard.permision'],
    ['an unknown agent option', { agent: { name: 'agent:a', cieling: [] } }, 'agent.cieling'],
    ['no agent name', { agent: { name: '' } }, 'agent.name'],
    ['no authorization server', { authorizationServer: undefined }, 'authorizationServer'],
    ['a durable store without keys', { store: durable }, 'keys'],
    ['a short key', { keys: { seal: ['short'], index: new Uint8Array(32) } }, 'keys.seal[0]'],
    ['no seal key', { keys: { seal: [], index: new Uint8Array(32) } }, 'keys.seal'],
    ['no index key', { keys: { seal: [new Uint8Array(32)] } }, 'keys.index'],
    ['a store of another version', { store: { ...durable, specificationVersion: 3 } }, 'store'],
    ['an invalid channel', { approvals: { phone: {} } }, 'approvals.phone'],
    ['an invalid sink', { audit: {} }, 'audit'],
    ['a required audit that is not so', { audit: { sink: { write: () => {} }, required: 'no' } }, 'audit.required'],
    ['a required audit that does not say so', { audit: { sink: { write: () => {} } } }, 'audit.required'],
    ['an invalid sink inside', { audit: { sink: {}, required: true } }, 'audit'],
    ['an unknown mode', { mode: 'lenient' }, 'mode'],
    ['an invalid time', { timeoutMs: 0 }, 'timeoutMs'],
    ['a time that no timer takes', { timeoutMs: 2 ** 31 }, 'timeoutMs'],
    [
      'a checker, and a name that OpenFGA does not know',
      { agent: { name: 'trader' }, permissions: { check: async () => {} } },
      'agent.name',
    ],
    [
      'several issuers, and a checker that names the users of one',
      { authorizationServer: () => undefined, permissions: { check: async () => {}, singleIssuer: true } },
      'permissions.userOf',
    ],
  ])('%s', (_, over, option) => {
    expect(made(over)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })

  const odd = [5, 'text', true, null, [], {}, () => 1, '']
  const right: Readonly<Record<string, readonly unknown[]>> = {
    authorizationServer: [odd[6]],
    approvals: [odd[5]],
    sharedTokens: [],
    onFault: [odd[6]],
    fetch: [odd[6]],
    timeoutMs: [5],
    maxInputBytes: [5],
    revocationSeconds: [5],
  }
  const names = ['permissions', 'roles', 'vault', 'delegations', 'sessions', 'store', 'keys', 'audit', 'mode', 'clock']
  test.each([...names, ...Object.keys(right)])('a value of another kind for %s is refused by its name', (name) => {
    for (const value of odd.filter((each) => !right[name]?.includes(each))) {
      expect.soft(made({ [name]: value }), String(value)).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIGURATION',
          option: expect.stringMatching(new RegExp(`^${name}\\b`)),
        }),
      )
    }
  })

  test.each([5, 'trade', true, null, {}, () => 1, [5], ['']])('%s is no ceiling', (ceiling) => {
    const agent = { name: 'agent:trader', ceiling }
    expect(made({ agent })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'agent.ceiling' }))
  })

  test('the error shows a wrong number, and no text, which may be a secret', () => {
    expect(made({ timeoutMs: -5 })).toThrow('timeoutMs: is -5; give 1 to 2147483647 ms')
    expect(made({ fetch: 'a-secret' })).toThrow('fetch: is a string; give a function')
  })

  const client = { clientId: 'a', clientSecret: 'a-long-secret' }
  const org = { ...client, domain: 'example.okta.com', authorizationServer: 'default' }
  test.each([
    ['entra', entra({ ...client, tenantId: '11111111-2222-3333-4444-555555555555' }), 'inAppApprovals()'],
    ['oidc with `ciba: false`', oidc({ ...client, issuer: 'https://a.example', ciba: false }), 'inAppApprovals()'],
    ['okta without user names', okta(org), 'okta.loginHint'],
    [
      'keycloak without user names',
      keycloak({ ...client, url: 'https://a.example', realm: 'r' }),
      'keycloak.loginHint',
    ],
  ])('ciba() at a provider that cannot ask by it: %s', (_, authorizationServer, fix) => {
    const option = 'approvals'
    const refused = { code: 'ERR_CONFIGURATION', message: expect.stringContaining(fix) }
    expect(made({ authorizationServer, approvals: ciba() })).toThrow(expect.objectContaining({ ...refused, option }))
    expect(made({ authorizationServer, approvals: { phone: ciba() } })).toThrow(
      expect.objectContaining({ ...refused, option: 'approvals.phone' }),
    )
    // Of several, nothing is known yet.
    expect(made({ authorizationServer: () => authorizationServer, approvals: ciba() })).not.toThrow()
  })

  test('of several issuers, one without CIBA is told of at the first call that asks there', async () => {
    const { guard, call } = smallWorld()
    const silent = oidc({ ...client, issuer: ISSUER, ciba: false })
    const behalf = guard({ authorizationServer: () => silent, approvals: ciba() })
    const outcome = await behalf.run(asks, call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(JSON.stringify(outcome.trace)).toContain('has no backchannel authentication: use another channel')
  })

  test('ciba() that names approvers itself needs no user names of the profile', () => {
    const hint = () => ({ loginHint: 'ann@example.com' })
    expect(made({ authorizationServer: okta(org), approvals: ciba({ hint }) })).not.toThrow()
    expect(made({ authorizationServer: okta({ ...org, loginHint: () => 'ann' }), approvals: ciba() })).not.toThrow()
  })

  test(verifies('E3', 'what is right is taken, and nothing is fetched'), () => {
    const fetch = () => Promise.reject(new Error('no request at construction'))
    expect(() => createGuard({ ...good, fetch, approvals: { phone: ciba() } })).not.toThrow()
    expect(() =>
      createGuard({
        ...good,
        store: durable as never,
        keys: { seal: [new Uint8Array(32)], index: Buffer.alloc(32, 1).toString('base64url') },
      }),
    ).not.toThrow()
  })
})

describe('a policy that cannot hold fails where it is written', () => {
  const schema = z.strictObject({ a: z.number() })
  const approval = { message: () => 'x' }
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['an unknown rule', { permisson: () => {} }, 'policy.permisson'],
    ['an unknown approval rule', { approval: { ...approval, mesage: 1 } }, 'policy.approval.mesage'],
    ['approval without a message', { approval: {} }, 'policy.approval.message'],
    ['read and approval', { effect: 'read', approval }, 'policy.effect'],
    ['an endless life time', { approval: { ...approval, lifetimeSeconds: 0 } }, 'policy.approval.lifetimeSeconds'],
    ['a wait of no time', { wait: { maxSeconds: -1 } }, 'policy.wait.maxSeconds'],
    ['a wait of more than an hour', { wait: { maxSeconds: 3601 } }, 'policy.wait.maxSeconds'],
    ['a time that no timer takes', { timeoutMs: 2 ** 31 }, 'policy.timeoutMs'],
    [
      'when, and a resource without withoutApproval',
      {
        approval: { ...approval, when: () => true },
        access: { api: resource('https://api.example', { scopes: ['x'] }) },
      },
      'policy.access.api.withoutApproval',
    ],
    [
      'enforcedBy server without a resource',
      {
        approval: { ...approval, enforcedBy: 'server', details: () => [] },
        access: { c: connection('c', { scopes: ['x'], origins: ['https://c.example'] }) },
      },
      'policy.approval.enforcedBy',
    ],
  ]
  test.each<readonly [object, string]>([
    [{ wait: 120 }, 'policy.wait: is 120; give { maxSeconds }'],
    [{ wait: {} }, 'policy.wait.maxSeconds: is missing; give 0.001 to 3600 seconds'],
    [{ approval: true }, 'policy.approval: is true; give { message }'],
    [{ approval: {} }, 'policy.approval.message: is missing; give a function'],
    [{ approval: { message: 'Buy shares' } }, 'policy.approval.message: is a string; give a function'],
    [
      { approval: { message: () => 'Buy', approver: 'bob' } },
      "policy.approval.approver: is a string; give a function such as ({ identity }) => ({ issuer: identity.issuer, subject: 'bob' })",
    ],
    [{ access: { api: undefined } }, 'policy.access.api: is missing; give what resource() or connection() made'],
  ])('a wrong rule is refused, with what was given and what is allowed: %j', (rules, message) => {
    expect(() => policy(schema, rules as never)).toThrow(expect.objectContaining({ message }))
  })

  test.each<readonly [object, string]>([
    [{ wait: { maxSeconds: 60_000 } }, 'policy.wait.maxSeconds: is 60000; give 0.001 to 3600 seconds'],
    [{ inDoubtSeconds: 3_600_000 }, 'policy.inDoubtSeconds: is 3600000; give 0.001 to 2678400 seconds'],
    [
      { approval: { ...approval, lifetimeSeconds: 3_600_000 } },
      'policy.approval.lifetimeSeconds: is 3600000; give 0.001 to 2678400 seconds',
    ],
    [
      { approval: { ...approval, useWithinSeconds: Number.POSITIVE_INFINITY } },
      'policy.approval.useWithinSeconds: is Infinity; give 0.001 to 2678400 seconds',
    ],
    [
      { approval: { ...approval, askAgainAfterSeconds: 600_000 } },
      'policy.approval.askAgainAfterSeconds: is 600000; give 0.001 to 86400 seconds',
    ],
  ])('milliseconds for seconds are refused, with what is allowed: %j', (rules, message) => {
    expect(() => policy(schema, rules as never)).toThrow(message)
  })

  test('createGuard refuses milliseconds for seconds, and takes 0 seconds', () => {
    const guard = (revocationSeconds: number) => () => createGuard({ ...good, revocationSeconds })
    expect(guard(3_600_000)).toThrow('revocationSeconds: is 3600000; give 0 to 86400 seconds')
    expect(guard(0)).not.toThrow()
  })

  test.each(cases)('%s', (_, rules, option) => {
    expect(() => policy(schema, rules as never)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })

  const odd = [5, 'text', true, null, [], {}, () => 1, '']
  const right: Readonly<Record<string, readonly unknown[]>> = {
    version: ['text'],
    roles: [odd[4]],
    permission: [odd[6]],
    visibleWhen: [odd[6]],
    access: [odd[5]],
    timeoutMs: [5],
    inDoubtSeconds: [5],
    'approval.details': [odd[6]],
    'approval.when': [odd[6]],
    'approval.approver': [odd[6]],
    'approval.message': [odd[6]],
    'approval.channel': ['text'],
    'approval.perCall': [true],
    'approval.lifetimeSeconds': [5],
    'approval.useWithinSeconds': [5],
    'approval.askAgainAfterSeconds': [5],
    'access.a': [],
  }
  const others = ['effect', 'subjects', 'wait', 'callerScopes', 'approval', 'approval.enforcedBy', 'approval.onCrash']
  test.each([...others, ...Object.keys(right)])('a value of another kind for %s is refused by its name', (name) => {
    const [outer = '', inner] = name.split('.')
    for (const value of odd
      .filter((each) => !right[name]?.includes(each))
      .concat(name === 'access.a' ? [undefined as never] : [])) {
      const rules = inner === undefined ? { [outer]: value } : { [outer]: { ...approval, [inner]: value } }
      const given = outer === 'access' && inner !== undefined ? { access: { [inner]: value } } : rules
      expect
        .soft(() => policy(schema, given as never), String(value))
        .toThrow(
          expect.objectContaining({ code: 'ERR_CONFIGURATION', option: expect.stringContaining(`policy.${name}`) }),
        )
    }
  })

  test('an invalid schema', () => {
    expect(() => policy({} as never, {})).toThrow(/input schema/)
    expect(() => publicTool(undefined as never)).toThrow(/input schema/)
  })

  test('currentCall outside a call, and under another policy', async () => {
    const one = publicTool(z.strictObject({}))
    const other = publicTool(z.strictObject({}))
    expect(() => currentCall(one)).toThrow(expect.objectContaining({ code: 'ERR_IDENTITY_REQUIRED' }))
    const outcome = await createGuard(good).run(one, { tool: 't', slot: 's', input: {} }, () => {
      expect(() => currentCall(other)).toThrow(/another policy/)
      return currentCall(one).tool
    })
    expect(outcome).toMatchObject({ status: 'done', result: 't' })
  })
})
