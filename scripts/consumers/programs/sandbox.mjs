// Real servers on loopback: a login, and a token that verifies.
import assert from 'node:assert/strict'
import { identity } from './program.js'

assert.equal(identity.kind, 'user')
assert.equal(identity.subject, 'ann')
console.log('holds')
