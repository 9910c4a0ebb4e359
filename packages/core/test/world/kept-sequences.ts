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

const revoked = (who: string): CommandOf<'revoke'> => ({
  do: 'revoke',
  process: 1,
  who,
  what: 'subject',
  pace: 'settle',
})

const named = (account: string): Command => ({ ...chosen(account), by: 'the app' })

const upload = { ...look, tool: 'upload', amount: 700 } as const
const pay = { ...look, tool: 'pay', amount: 700 } as const
const send = { ...look, tool: 'send', amount: 300 } as const
const share = { ...look, tool: 'share', amount: 700 } as const

const wait: Command = { do: 'pass', seconds: 6, pace: 'settle' }
const slowToken: Command = { do: 'break', process: 1, kind: 'http', fault: 'slow', after: 1, pace: 'settle' }

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
  // From a page that still shows it.
  'answered-late': [pay, { do: 'pass', seconds: 610, pace: 'settle' }, yes, pay],
  // The approver is revoked while the call gets its token.
  'entitled-before': [pay, yes, slowToken, { ...pay, pace: 40 }, { ...revoked('carol'), process: 0 }, wait, pay],
  // The same call runs in another process meanwhile, and is in doubt then.
  'claimed-as-it-was': [
    pay,
    yes,
    slowToken,
    { ...pay, pace: 40 },
    { ...pay, process: 0, body: 'throws after', pace: 80 },
    wait,
  ],
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

const refund = { ...look, tool: 'refund', amount: 700 } as const
const note = { ...look, tool: 'note' } as const
const release: Command = {
  ...{ do: 'resolve', process: 1, who: 'ann', proof: 'login', which: 0, what: 'did_not_run', ofAnybody: false },
  pace: 'settle',
}
const again: Command = { do: 'repeat', process: 1, which: 0, body: 'returns', pace: 'settle' }
const atOnce = (tool: 'pay' | 'note', over: Partial<CommandOf<'call together'>> = {}): Command => ({
  ...{ do: 'call together', process: 1, who: 'ann', proof: 'login', tool, slots: ['one', 'two'], amount: 700 },
  ...{ body: 'returns', status: 200, stopsAll: true, pace: 'settle', ...over },
})

/** The shortest sequences that show what `open-breaks.ts` lists, by what they show. */
export const brokenSequences: readonly (readonly [name: string, what: string, commands: readonly Command[]])[] = [
  [
    'four-eyes',
    'one yes pays again each time that the owner says that it did not run',
    [pay, yes, { ...pay, body: 'throws after' }, pay, release, pay],
  ],
  [
    'asked-without-end',
    'a person who answers none gets a sixth question',
    Array.from({ length: 6 }, (_, at): Command => ({ ...pay, slot: `slot-${at}`, amount: 700 + at })),
  ],
  [
    'no-evidence',
    'a write that is approved, acts by ways of its own, and throws, is done again on one yes',
    [refund, yes, { ...refund, body: 'pays elsewhere and throws' }, refund],
  ],
  [
    'no-evidence',
    'the same by a body that reads, and throws',
    [refund, yes, { ...refund, body: 'reads and throws' }, refund],
  ],
  [
    'write-inside',
    'a body whose inner write is done, and which throws, begins again',
    [
      { ...look, tool: 'book', body: 'writes inside and throws' },
      { ...look, tool: 'book' },
    ],
  ],
  [
    'write-begins-inside',
    'a body that throws before its inner write has begun is begun again',
    [
      { ...look, tool: 'book', body: 'throws while it writes inside' },
      { ...look, tool: 'book' },
    ],
  ],
  [
    'joined-is-delivered',
    'a caller that leaves while it joins a result takes it from the next one',
    [
      { ...note, body: 'takes long', patience: 3 },
      { do: 'pass', seconds: 20, pace: 'settle' },
      { do: 'break', process: 1, kind: 'store', fault: 'slow', after: 9, pace: 'settle' },
      { ...note, slot: 'two', patience: 3 },
      { ...note, slot: 'three' },
    ],
  ],
  [
    'left-and-told',
    'a caller that had left gets the result all the same, and the next equal request is not done',
    [
      { ...note, body: 'takes long', patience: 3 },
      { do: 'pass', seconds: 20, pace: 'settle' },
    ],
  ],
  [
    'left-unseen',
    'a write whose caller had left is done again under a new slot',
    [{ ...note, body: 'takes long', patience: 3 }, { do: 'pass', seconds: 20, pace: 'settle' }, again],
  ],
  [
    'left-unseen',
    'a person is asked for it once more',
    [pay, yes, { ...pay, body: 'takes long', patience: 3 }, { do: 'pass', seconds: 20, pace: 'settle' }, again],
  ],
  [
    'left-unseen',
    'a result that cannot be told again is no doubt',
    [{ ...note, body: 'returns a date long after', patience: 3 }, { do: 'pass', seconds: 20, pace: 'settle' }, again],
  ],
  [
    'unheard-in-a-read',
    'a write within a read that threw is done again',
    [
      { ...look, body: 'writes inside and throws' },
      { do: 'pass', seconds: 1, pace: 'settle' },
      { ...note, slot: 'two' },
    ],
  ],
  [
    'unheard-again',
    'a read that is told of a write, and throws, is the last one that is',
    [
      { ...look, body: 'writes inside and throws' },
      { ...look, slot: 'two', body: 'writes inside and throws' },
      { do: 'pass', seconds: 1, pace: 'settle' },
      { ...note, slot: 'two' },
    ],
  ],
  [
    'equal-at-once',
    'of two equal calls at once, one is refused',
    [atOnce('note', { body: 'takes long', stopsAll: false })],
  ],
  [
    'equal-at-once',
    'a preflight is refused while an equal call runs',
    [
      { ...note, body: 'takes long', pace: 80 },
      { ...note, slot: 'two', preflight: true },
    ],
  ],
  ['replay', 'a result of a run before is not told from one of now', [note, note]],
]
