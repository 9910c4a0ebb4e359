// A question that a person was asked is in the file; the guard finds it there again, and the call runs once.
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { policy } from '@behalf/core'
import * as z from 'zod'
import { openWorld } from './world.mjs'

const key = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')
Object.assign(process.env, { SEAL_KEY: key(), INDEX_KEY: key(), SECRET: 'secret' })
const world = openWorld({ api: 'https://agent.example.com' })
const { guard } = await import('./program.js')

const identity = await world.identity()
const buy = policy(z.strictObject({ quantity: z.number() }), { approval: { message: () => 'Buy' } })
let ran = 0
const call = () =>
  guard.run(buy, { tool: 'buy', slot: 'job-1', input: { quantity: 50 }, identity }, async () => {
    ran += 1
    return 'bought'
  })
assert.equal((await call()).status, 'interrupted')
assert.ok(statSync('behalf.db').size > 0)
await world.approve('Buy')
// The program's guard has the machine's clock, and the issuer is asked once a second, the first time up to half a second later.
await new Promise((resolve) => setTimeout(resolve, 1_700))
assert.equal((await call()).status, 'done')
assert.equal((await call()).status, 'done')
assert.equal(ran, 1)
console.log('holds')
