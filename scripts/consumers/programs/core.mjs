// A call with a user's token reaches the API with a token for that API. Input that the policy does not know is refused.
import assert from 'node:assert/strict'
import { HttpResponse, http } from 'msw'
import { openWorld } from './world.mjs'

const notes = http.get('https://notes.example.com/topics/:topic', ({ request, params }) => {
  const [, payload] = request.headers.get('authorization').split('.')
  return HttpResponse.json({
    topic: params.topic,
    sent: JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))),
  })
})
const world = openWorld({
  api: 'https://agent.example.com',
  resources: [{ identifier: 'https://notes.example.com', scopes: ['notes:read'] }],
  handlers: [notes],
})
process.env.SECRET = 'secret'
const { call } = await import('./program.js')

const done = await call(await world.token(), { topic: 'tea' })
assert.equal(done.status, 'done')
assert.equal(done.result.topic, 'tea')
assert.equal(done.result.sent.sub, 'ann')
assert.equal(done.result.sent.aud, 'https://notes.example.com')
assert.equal(done.result.sent.scope, 'notes:read')
await assert.rejects(call('not-a-token', { topic: 'tea' }), { code: 'ERR_INVALID_TOKEN' })
console.log('holds')
