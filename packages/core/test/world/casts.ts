import { WHOEVER_WAS_ASKED } from './commands.ts'
import type { Cast } from './draw-commands.ts'
import type { Random } from './random.ts'

/** Each call is a new one. */
export function newSlots(): () => string {
  let taken = 0
  return () => `new ${++taken}`
}

/** Two processes renew the tokens of a kept session or an account again and again, and lose some of the answers. */
export const renewed = (random: Random): Partial<Cast> => ({
  process: () => random.below(2),
  seconds: () => random.pick([6, 301, 301]),
  owner: () => 'ann',
  trouble: () => ({ kind: 'http', fault: random.pick(['lost', 'lost', 'slow']), after: random.below(2) }),
})

/** One person tries one call, for which an approver is asked. */
export const oneCall: Partial<Cast> = {
  tool: () => 'pay',
  owner: () => 'ann',
  slot: () => 'one',
  amount: () => 700,
  proof: () => 'login',
  approver: () => WHOEVER_WAS_ASKED,
  body: () => 'returns',
}

/** Two accounts, one after the other. */
export function inTurn(): () => string {
  let taken = 0
  return () => (taken++ % 2 === 0 ? 'home' : 'work')
}
