import { newSlots, oneCall } from './casts.ts'
import type { Command } from './commands.ts'
import type { Cast } from './draw-commands.ts'
import type { Random } from './random.ts'
import { approved, cameBack, failed, meanwhile, pass, released, releasedForThem, type Staged } from './staged.ts'

/** What one seed is about: part of its cast, its commands, and those that come first. */
export interface Plot {
  readonly cast: Partial<Cast>
  readonly commands: readonly Command['do'][]
  readonly first?: readonly (Command['do'] | Staged)[]
  readonly paces?: readonly Command['pace'][]
}

/** The user of a call is revoked while one of its last operations before the body is slow: the one of this number. */
const stoppedLate = (operation: number): readonly Staged[] => [
  { do: 'break', process: 0, kind: 'store', fault: 'slow', after: operation },
  { do: 'call', process: 0, preflight: false, odd: undefined, patience: undefined, pace: 40 },
  { do: 'revoke', process: 1, who: 'ann', what: 'subject', pace: 40 },
  pass(6),
]

/** What random choices come to seldom, about runs that overlap, are in doubt, or are begun by callers who leave. */
export function plotsOfRuns(random: Random): readonly Plot[] {
  const asking = random.pick(['pay', 'send', 'refund'] as const)
  const isByPhone = asking === 'send'
  const late = random.pick([200, 700])
  return [
    // A process that is taken for dead comes back, and with it the body that it ran.
    {
      cast: {
        ...oneCall,
        process: () => 1,
        tool: () => asking,
        change: () => 'version',
        seconds: () => random.pick([6, 65, 310]),
      },
      commands: ['deploy', 'answer', 'resolve', 'cancel', 'watch'],
      first: [
        ...approved(0),
        ...cameBack(
          random.pick(['takes long', 'takes long and throws']),
          random.oneIn(3) ? releasedForThem : released,
          isByPhone && random.oneIn(2) ? failed : random.pick(Object.values(meanwhile))(isByPhone),
          { status: random.pick([200, 200, 403]), seconds: late },
        ),
      ],
    },
    // The same at its third try, which is the last one.
    {
      cast: { ...oneCall, process: () => 1, tool: () => 'note', amount: () => 50 },
      commands: ['resolve'],
      first: [
        { do: 'call', process: 0, body: 'throws before', preflight: false, pace: 'settle' },
        { do: 'call', process: 0, body: 'throws before', preflight: false, pace: 'settle' },
        ...cameBack(random.pick(['takes long', 'takes long and throws']), released, [], {
          ...{ status: random.pick([200, 403]), seconds: 200 },
        }),
      ],
    },
    // A caller leaves while a result is written that cannot be told again.
    {
      cast: { ...oneCall, tool: () => random.pick(['note', 'tip']), slot: newSlots(), amount: () => 50 },
      commands: ['repeat', 'resolve'],
      first: [
        { do: 'break', process: 0, kind: 'store', fault: 'slow', after: 14 + random.below(7) },
        { do: 'call', process: 0, body: 'returns a date', patience: 2, preflight: false, pace: 'settle' },
      ],
    },
    // A question is not sent, the limit rises, and the call that needs none is stopped right before its body.
    {
      cast: {
        ...oneCall,
        process: () => 0,
        tool: () => 'send',
        amount: () => 300,
        anybody: () => 'ann',
        status: () => 200,
      },
      commands: ['revoke', 'log in', 'deploy', 'mislead'],
      first: [
        { do: 'mislead', fault: 'no device' },
        { do: 'call', preflight: false, pace: 'settle' },
        { do: 'deploy', process: 0, change: 'limit' },
        ...stoppedLate(8 + random.below(6)),
      ],
    },
    // The same with a call that never needs a question.
    {
      cast: {
        ...oneCall,
        tool: () => random.pick(['note', 'tip']),
        process: () => random.below(2),
        slot: newSlots(),
        status: () => 200,
        anybody: () => 'ann',
        trouble: () => ({ kind: 'store', fault: 'slow', after: 8 + random.below(8) }),
      },
      commands: ['revoke', 'log in', 'break'],
      first: [{ do: 'call', process: 0, preflight: false, pace: 'settle' }, ...stoppedLate(11 + random.below(5))],
    },
    // A person approves once, and the one who wanted it says again and again that it did not run.
    {
      cast: {
        ...oneCall,
        tool: () => random.pick(['pay', 'refund', 'wire', 'send']),
        process: () => random.below(2),
        body: () => random.pick(['throws after', 'throws after', 'returns']),
        seconds: () => random.pick([6, 6, 65]),
        answer: () => 'approve',
      },
      commands: ['resolve', 'operate', 'answer', 'answer on the phone'],
      first: [...approved(0), 'call', 'call', released, 'call', 'call', released, 'call'],
    },
    // A caller leaves before the result is there, and asks for the same under a new slot.
    {
      cast: {
        owner: () => 'ann',
        tool: () => random.pick(['note', 'tip', 'pay', 'wire', 'memo']),
        amount: () => random.pick([50, 700]),
        slot: () => random.pick(['one', 'two']),
        proof: () => random.pick(['login', 'login', 'login', 'agent']),
        body: () => random.pick(['takes long', 'returns', 'returns a date long after', 'takes long and throws']),
        answer: () => 'approve',
        seconds: () => random.pick([1, 6, 20, 3700]),
      },
      commands: ['repeat', 'repeat', 'answer', 'call together'],
      first: [
        ...approved(0),
        {
          do: 'call',
          body: random.pick(['takes long', 'hangs', 'returns a date long after']),
          patience: 3,
          preflight: false,
        },
        'repeat',
        'pass',
        'repeat',
        'repeat',
      ],
      paces: ['settle', 'settle', 15],
    },
    // Equal calls of one step, and the same step once more.
    {
      cast: {
        owner: () => 'ann',
        proof: () => 'login',
        tool: () => random.pick(['note', 'pay', 'pay', 'wire', 'send']),
        amount: () => random.pick([50, 700]),
        slot: () => 'one',
        body: () => random.pick(['returns', 'returns', 'takes long', 'throws after', 'throws before']),
        answer: () => 'approve',
        seconds: () => 6,
      },
      commands: ['call together', 'answer', 'answer on the phone', 'repeat'],
      first: ['call together', pass(6), 'answer', 'answer on the phone', 'call together', 'call together'],
    },
    // What becomes of an approval while the call that uses it gets its token.
    {
      cast: {
        ...oneCall,
        tool: () => random.pick(['pay', 'pay', 'refund']),
        process: () => random.below(2),
        body: () => random.pick(['returns', 'throws after']),
        anybody: () => random.pick(['carol', 'carol', 'ann', 'dave']),
        status: () => 200,
        trouble: () => ({ kind: 'http', fault: 'slow', after: random.below(2) }),
        change: () => random.pick(['version', 'approver']),
        seconds: () => 6,
      },
      commands: ['break', 'revoke', 'cancel', 'answer'],
      first: [
        ...approved(0),
        { do: 'break', process: 0, kind: 'http', fault: 'slow', after: random.below(2) },
        { do: 'call', process: 0, preflight: false, pace: random.pick([20, 40]) },
        random.pick([
          { do: 'revoke', process: 1, who: 'carol', what: 'subject', pace: 30 },
          { do: 'revoke', process: 1, who: random.pick(['dave', 'ann']), what: 'subject', pace: 30 },
          { do: 'cancel', process: 1, ofAnybody: false, pace: 30 },
          ...Array<Staged>(3).fill({ do: 'call', process: 1, body: 'throws after', preflight: false, pace: 60 }),
        ] as const),
        pass(6),
      ],
    },
    // A write whose body makes another one, and then goes wrong.
    {
      cast: {
        owner: () => 'ann',
        proof: () => 'login',
        tool: () => random.pick(['note', 'book', 'pay', 'refund', 'upload', 'look']),
        slot: () => random.pick(['one', 'one', 'two']),
        amount: () => random.pick([50, 700]),
        body: () =>
          random.pick([
            'writes inside',
            'writes inside and throws',
            'throws what was inside',
            'throws while it writes inside',
          ]),
        answer: () => 'approve',
        seconds: () => 6,
      },
      commands: ['answer', 'kill', 'repeat'],
    },
    // New slots for one thing, again and again, by callers who leave.
    {
      cast: {
        owner: () => 'ann',
        proof: () => random.pick(['login', 'login', 'agent', 'job']),
        tool: () => random.pick(['note', 'tip', 'memo']),
        amount: () => 50,
        slot: newSlots(),
        body: () => random.pick(['takes long', 'takes long', 'returns']),
        seconds: () => random.pick([1, 6, 20]),
      },
      commands: ['repeat', 'create a job', 'kill'],
      paces: ['settle', 10, 30],
    },
  ]
}
