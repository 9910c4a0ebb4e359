// The engine answers, explains its answer, and accepts OpenFGA's requests.
import assert from 'node:assert/strict'
import { allowed, fetchFga, why } from './program.js'

assert.equal(allowed, true)
assert.match(why, /viewer/)
const url = 'https://fga.example.com/stores/01JDG8ZCQ4T0STDCK70KT0RE01/check'
const body = JSON.stringify({ tuple_key: { user: 'user:bob', relation: 'viewer', object: 'document:1' } })
const answer = await fetchFga(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
assert.equal((await answer.json()).allowed, false)
console.log('holds')
