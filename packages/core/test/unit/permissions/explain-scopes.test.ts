import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Identity } from '../../../src/base/contract/index.ts'
import { entraRoles, explainAccess, explainScopes, scopeReportText } from '../../../src/entrypoints/roles.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { policy, publicTool, resource } from '../../../src/index.ts'
import { boundScopes } from '../../../src/permissions/roles/bound-scopes.ts'
import { roleMap } from '../../../src/permissions/roles/role-map.ts'

const who = (...roles: string[]): Identity => ({
  kind: 'user',
  issuer: 'https://login.example.com',
  subject: 'ann',
  claims: { roles },
})
const roles = roleMap({
  claim: 'roles',
  scopes: { intern: ['portfolio:read'], trader: ['portfolio:read', 'trade:write'], desk: ['trade:write'] },
})

describe('explainScopes', () => {
  test('says why an intern may look and not trade', () => {
    const report = explainScopes({
      identity: who('intern'),
      roles,
      ceiling: ['portfolio:read', 'trade:write'],
      scopes: ['portfolio:read', 'trade:write', 'admin'],
    })
    expect(report).toMatchObject({ roles: ['intern'], allowed: false })
    expect(report.scopes.map(({ scope, allowed }) => [scope, allowed])).toEqual([
      ['portfolio:read', true],
      ['trade:write', false],
      ['admin', false],
    ])
    expect(scopeReportText(report)).toBe(`roles: intern
portfolio:read: yes
  + roles: given by intern
  + ceiling: within it
    delegation: the user is present
    subject_token: it does not limit this call
trade:write: no
  - roles: has intern; it needs trader or desk
  + ceiling: within it
    delegation: the user is present
    subject_token: it does not limit this call
admin: no
  - roles: has intern; no role gives it
  - ceiling: the agent may never hold it
    delegation: the user is present
    subject_token: it does not limit this call`)
  })

  test('tells why the roles are not known', () => {
    const map = roleMap({ extract: entraRoles({ groups: true }), scopes: { trader: ['trade:write'] } })
    const identity = { ...who('trader'), claims: { roles: ['trader'], hasgroups: true } }
    const text = scopeReportText(explainScopes({ identity, roles: map, scopes: ['trade:write'] }))
    expect(text).toContain('overage')
    expect(text).toContain('trade:write: no')
  })

  test('says what the guard decides, source by source', () => {
    const scope = fc.constantFrom('portfolio:read', 'trade:write', 'admin', '__proto__')
    const list = fc.option(fc.uniqueArray(scope), { nil: undefined })
    const held = fc.uniqueArray(fc.constantFrom('intern', 'trader', 'desk', 'boss'))
    fc.assert(
      fc.property(
        fc.uniqueArray(scope, { minLength: 1 }),
        held,
        list,
        list,
        list,
        (scopes, names, ceiling, ...rest) => {
          const [delegation, subjectToken] = rest
          const identity = who(...names)
          const report = explainScopes({ identity, roles, scopes, ceiling, delegation, subjectToken })
          const set = (of: string[] | undefined) => of && new Set(of)
          const { missing } = boundScopes({
            asked: scopes,
            roles: roles.scopesOf(roles.rolesOf(identity)),
            ceiling: set(ceiling),
            delegation: set(delegation),
            subjectToken: set(subjectToken),
          })
          expect(report.allowed).toBe(missing.length === 0)
          const lacking = report.scopes.flatMap(({ scope, reasons }) =>
            reasons.filter(({ verdict }) => verdict === 'lacks').map(({ source }) => ({ scope, source })),
          )
          expect(lacking).toEqual(missing)
        },
      ),
    )
  })

  test('an unknown option, or no scope, is refused', () => {
    expect(() => explainScopes({ identity: who(), scopes: ['a'], role: roles } as never)).toThrow('explainScopes.role')
    expect(() => explainScopes({ identity: who(), scopes: [] })).toThrow('explainScopes.scopes')
  })
})

describe('explainAccess', () => {
  const API = 'https://api.example.com/'
  const policies = {
    price: publicTool(z.strictObject({})),
    whoami: policy(z.strictObject({}), {}),
    portfolio: policy(z.strictObject({}), { access: { trade: resource(API, { scopes: ['portfolio:read'] }) } }),
    order: policy(z.strictObject({ quantity: z.number() }), {
      roles: ['trader'],
      approval: { message: () => 'Buy', when: ({ input }) => input.quantity > 10 },
      access: { trade: resource(API, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
    }),
    linked: policy(z.strictObject({}), {
      access: { files: connection('files', { scopes: ['files.read'], origins: ['https://files.example.com'] }) },
    }),
  }
  const agent = { name: 'agent:trader', ceiling: ['portfolio:read', 'trade:write', 'files.read'] }

  test('goes through every credential of every tool', () => {
    const { reports, text } = explainAccess(policies, { identity: who('intern'), roles, agent })
    expect(reports.map(({ tool, when, allowed, roleHeld }) => [tool, when, allowed, roleHeld])).toEqual([
      ['portfolio', 'always', true, undefined],
      ['order', 'approved', false, false],
      ['order', 'exempt', false, false],
      ['linked', 'always', true, undefined],
    ])
    expect(text).toContain("order.trade (https://api.example.com/, approved): no\n  the policy's own roles: not held")
    expect(text).toContain('linked.files (files, always): yes')
  })

  test('a role that gives the scope is not the role that the policy asks for', () => {
    const { reports } = explainAccess(policies, { identity: who('desk'), roles, agent })
    expect(reports.find(({ when }) => when === 'approved')).toMatchObject({
      roleHeld: false,
      allowed: false,
      report: { allowed: true },
    })
  })

  test('a delegation bounds connections too', () => {
    const { reports } = explainAccess(policies, {
      identity: who('trader'),
      roles,
      agent,
      delegation: ['portfolio:read'],
    })
    expect(reports.filter(({ allowed }) => allowed).map(({ tool }) => tool)).toEqual(['portfolio'])
  })

  test('what is no policy is refused', () => {
    expect(() => explainAccess({ made_up: {} as never }, { identity: who(), agent })).toThrow('policies.made_up')
  })
})
