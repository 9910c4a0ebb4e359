import type { Command } from './commands.ts'

const look = {
  do: 'call',
  process: 1,
  who: 'ann',
  proof: 'login',
  tool: 'look',
  slot: 'one',
  amount: 50,
  body: 'returns',
  status: 200,
  preflight: false,
  pace: 'settle',
} as const

/** Sequences that find a known break which random ones find seldom, by the row of the break. */
export const keptSequences: Readonly<Record<string, readonly Command[]>> = {
  // A process that has read the log, then a revocation by a fast clock, then one by a right clock.
  '6': [
    { do: 'set the clock', process: 2, seconds: 3600, pace: 'settle' },
    look,
    { do: 'revoke', process: 2, who: 'carol', what: 'subject', pace: 'settle' },
    { do: 'revoke', process: 0, who: 'ann', what: 'subject', pace: 'settle' },
    { do: 'pass', seconds: 20, pace: 'settle' },
    look,
  ],
}
