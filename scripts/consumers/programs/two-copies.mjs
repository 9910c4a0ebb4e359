// Two copies of core in one process share verified identities, thrown errors and settings.
import assert from 'node:assert/strict'
import * as one from '@behalf/core'
import * as two from 'other-core'
import { oidc } from 'other-core/providers'
import * as z from 'zod'
import { issuer, openWorld } from './world.mjs'

assert.notEqual(one.createGuard, two.createGuard, 'there is one copy only')
const world = openWorld({ api: 'https://agent.example.com' })
const identity = await world.identity()
const options = {
  authorizationServer: oidc({ issuer, clientId: 'agent', clientSecret: 'secret' }),
  agent: { name: 'agent:a' },
}

// Each copy's guard accepts the identities and policies of the other copy, and refuses imitations.
const whoami = one.policy(z.strictObject({}), {})
const call = { tool: 'whoami', slot: 'job-1', input: {}, identity }
const seen = []
const done = await two.createGuard(options).run(whoami, call, async () => {
  seen.push(one.currentIdentity(), two.currentIdentity())
  return one.currentCall(whoami) !== undefined
})
assert.deepEqual(done, { ...done, status: 'done', result: true })
assert.ok(seen.every((current) => current === identity))
const forged = await two
  .createGuard(options)
  .run(whoami, { ...call, slot: 'job-2', identity: { ...identity } }, () => 1)
assert.equal(forged.code, 'identity_not_verified')

// Each copy reads the context that the other one set.
assert.equal(
  one.runAs(identity, () => two.currentIdentity()),
  identity,
)

// Each knows the other's errors, and no others.
const knows = (left, right) => {
  const isKnown = (error) => error.code === 'ERR_IDENTITY_REQUIRED' && right.BehalfError.isInstance(error)
  assert.throws(() => left.currentIdentity(), isKnown)
  assert.ok(!right.BehalfError.isInstance(new Error('another')))
}
knows(one, two)
knows(two, one)
console.log('holds')
