import { guard, signIn } from '../guards/sandbox.ts'
import { buy } from '../tools.ts'

const identity = await signIn()
const input = { symbol: 'AAPL', quantity: 50 } // A model, a form or a job chooses them.

// The slot is the id of this attempt: a repeated call with the same slot and input gets the first result.
const outcome = await guard.run(buy, { slot: crypto.randomUUID(), input, identity })

if (outcome.status === 'done') console.log(outcome.result)
else console.log(outcome.status, outcome.trace)
