import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { currentIdentity, runAs } from '../../../src/index.ts'
import { user } from '../guard/small-world.ts'

const secret = 'what only the claims hold'
const identity = () =>
  user({ tenant: 'acme', sessionId: secret, acr: secret, claims: { iat: 1, email: secret, roles: [secret] } })

test('shows nothing but issuer and subject, however it is enumerated, serialised, cloned or printed', () => {
  const ann = identity()
  const shown = { issuer: ann.issuer, subject: 'ann' }
  expect(JSON.parse(JSON.stringify(ann))).toEqual(shown)
  expect(structuredClone(ann)).toEqual(shown)
  expect({ ...ann }).toEqual(shown)
  expect(Object.fromEntries(Object.entries(ann))).toEqual(shown)
  const names: string[] = []
  for (const name in ann) names.push(name)
  expect(names.toSorted()).toEqual(['issuer', 'subject'])
  expect(inspect({ context: { identity: ann } }, { depth: 9 }) + JSON.stringify({ options: [ann] })).not.toContain(
    secret,
  )
})

test('has all its fields all the same, claims included, and its proof', () => {
  const ann = identity()
  expect([ann.kind, ann.tenant, ann.sessionId, ann.acr, ann.claims.email]).toEqual([
    'user',
    'acme',
    secret,
    secret,
    secret,
  ])
  expect(runAs(ann, () => currentIdentity())).toBe(ann)
  expect(() => runAs({ ...ann }, () => 1)).toThrow('verified identity')
})
