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

const link = {
  do: 'link',
  process: 1,
  who: 'ann',
  proof: 'login',
  account: 'home',
  onlyToRead: false,
  choose: false,
  pace: 'settle',
} as const

/**
 * Sequences that find a known break: what a random one has found, or what random ones find seldom. By the name of the
 * break. A seed is not kept: it means another sequence as soon as commands are drawn in another way.
 */
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
  // A tool without an approval got the token of an account, and a call that needs none of its approval took it.
  'exempt-account': [link, { ...look, tool: 'open' }, { ...look, tool: 'share' }],
}
