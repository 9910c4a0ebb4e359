import { type Command, type CommandOf, NEWEST, WHOEVER_WAS_ASKED } from './commands.ts'

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

const yes = {
  do: 'answer',
  process: 1,
  who: WHOEVER_WAS_ASKED,
  proof: 'login',
  which: NEWEST,
  answer: 'approve',
  twice: false,
  leaked: false,
  pace: 'settle',
} as const

const chosen = (account: string): CommandOf<'choose an account'> => ({
  do: 'choose an account',
  process: 1,
  who: 'ann',
  proof: 'login',
  account,
  by: 'the user',
  pace: 'settle',
})

const deployed = (change: CommandOf<'deploy'>['change']): Command => ({
  do: 'deploy',
  process: 1,
  change,
  pace: 'settle',
})

const revoked = (who: string): Command => ({ do: 'revoke', process: 1, who, what: 'subject', pace: 'settle' })

const named = (account: string): Command => ({ ...chosen(account), by: 'the app' })

const upload = { ...look, tool: 'upload', amount: 700 } as const
const pay = { ...look, tool: 'pay', amount: 700 } as const
const send = { ...look, tool: 'send', amount: 300 } as const
const share = { ...look, tool: 'share', amount: 700 } as const

/**
 * Sequences that find a known break: what a random one has found, or what random ones find seldom. By the name of the
 * break. A seed is not kept: it means another sequence as soon as commands are drawn in another way.
 */
export const keptSequences: Readonly<Record<string, readonly Command[]>> = {
  // A process that has read of a revocation by a fast clock, and then one by a right clock.
  '6': [
    { do: 'set the clock', process: 2, seconds: 3600, pace: 'settle' },
    { do: 'revoke', process: 2, who: 'carol', what: 'subject', pace: 'settle' },
    look,
    { do: 'revoke', process: 0, who: 'ann', what: 'subject', pace: 'settle' },
    { do: 'pass', seconds: 20, pace: 'settle' },
    look,
  ],
  // A tool without an approval got the token of an account, and a call that needs none of its approval took it.
  // Another account is chosen between the yes and the call.
  'account-swapped': [
    link,
    { ...link, account: 'work' },
    chosen('home'),
    { do: 'pass', seconds: 20, pace: 'settle' },
    share,
    yes,
    chosen('work'),
    share,
  ],
  // Another account is chosen while a run is in doubt.
  'tried-again-elsewhere': [
    link,
    { ...link, account: 'work' },
    named('home'),
    upload,
    yes,
    { ...upload, body: 'throws after' },
    named('work'),
    upload,
  ],
  // The page of the approver, in the hands of the owner.
  'answer-of-another': [pay, { ...yes, who: 'ann', leaked: true }],
  'approver-revoked': [pay, yes, revoked('carol'), revoked('dave'), pay],
  'finished-run-adopted': [pay, yes, pay, { ...pay, slot: 'two' }],
  // The question is not sent, the limit rises, and an equal call runs under another slot.
  'unsent-beside-running': [
    { do: 'mislead', fault: 'no device', pace: 'settle' },
    send,
    deployed('limit'),
    { ...send, slot: 'two', body: 'hangs' },
    send,
  ],
  'other-api-in-cache': [
    { ...look, tool: 'book' },
    { ...look, tool: 'note' },
  ],
  'tenant-forgotten': [
    { ...look, tool: 'note' },
    { ...look, tool: 'note', who: 'ann@blue' },
  ],
  'actor-forgotten': [
    { ...look, tool: 'note' },
    { ...look, tool: 'note', proof: 'agent', slot: 'two' },
  ],
  'token-told': [{ ...look, body: 'tells the token' }],
  'exempt-account': [link, { ...look, tool: 'open' }, { ...look, tool: 'share' }],
}
