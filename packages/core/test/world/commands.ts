import type { Fault } from './faults.ts'
import type { IssuerFault } from './issuer.ts'
import type { PhoneLie } from './phones.ts'
import type { Random } from './random.ts'
import { type ToolName, toolNames } from './tools.ts'

/** What a body does. */
export const bodyPlans = [
  'returns',
  'throws before',
  'throws after',
  'is refused',
  'reads and throws',
  'hangs',
  'says no effect',
  'takes the raw token',
  'returns a date',
  'streams',
  'is given up',
] as const
export type BodyPlan = (typeof bodyPlans)[number]

/** By which proof somebody acts. */
export const proofs = ['login', 'old login', 'agent', 'mobile', 'job'] as const
export type Proof = (typeof proofs)[number]

interface Timed {
  /** How many operations happen before the next command. `settle`: until every call has ended, or hangs. */
  readonly pace: number | 'settle'
}

/** One step of a sequence. Plain data: a story prints it, a shrunk sequence leaves some out. */
export type Command = Timed &
  (
    | {
        readonly do: 'call'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly tool: ToolName
        readonly slot: string
        readonly amount: number
        readonly body: BodyPlan
        readonly status: number
        readonly preflight: boolean
      }
    | {
        readonly do: 'answer'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        /** The place of the question on their page, or the one that was asked last. */
        readonly which: number
        readonly answer: 'approve' | 'deny' | 'reopen'
        /** Answers the same question once more. */
        readonly twice: boolean
      }
    | {
        readonly do: 'answer on the phone'
        readonly which: number
        readonly answer: 'approve' | 'deny'
        readonly lie: PhoneLie
      }
    | {
        readonly do: 'order'
        readonly process: number
        readonly who: string
        readonly amount: number
        /** Which of two approved tokens. */
        readonly token: number
        readonly key: string
        readonly gate: number
        readonly approved: boolean
        readonly status: number
      }
    | { readonly do: 'log in'; readonly who: string; readonly saysWhen: boolean }
    | { readonly do: 'refresh'; readonly who: string }
    | { readonly do: 'revoke'; readonly process: number; readonly who: string; readonly what: 'subject' | 'session' }
    | { readonly do: 'create a job'; readonly process: number; readonly who: string; readonly proof: Proof }
    | { readonly do: 'end a job'; readonly process: number; readonly who: string }
    | {
        readonly do: 'resolve'
        readonly process: number
        readonly who: string
        readonly proof: Proof
        readonly which: number
        readonly what: 'ran' | 'did_not_run'
      }
    | { readonly do: 'cancel'; readonly process: number; readonly who: string; readonly which: number }
    | {
        readonly do: 'deploy'
        readonly process: number
        readonly change: 'limit' | 'approver' | 'time limit' | 'version'
      }
    | { readonly do: 'pass'; readonly seconds: number }
    | { readonly do: 'kill'; readonly process: number }
    | { readonly do: 'stand still'; readonly process: number; readonly seconds: number }
    | { readonly do: 'set the clock'; readonly process: number; readonly seconds: number }
    | { readonly do: 'set the issuer’s clock'; readonly seconds: number }
    | { readonly do: 'rotate keys' }
    | {
        readonly do: 'break'
        readonly process: number
        readonly kind: 'store' | 'http'
        readonly fault: Fault
        readonly after: number
      }
    | { readonly do: 'mislead'; readonly fault: IssuerFault }
  )

/** The question that was asked last. */
export const NEWEST = -1

/** The approver of the question that was asked last. */
export const WHOEVER_WAS_ASKED = 'whoever was asked'

/** What one seed draws from. Few of each: what is rare together comes together in some seeds. */
interface Cast {
  readonly random: Random
  readonly process: () => number
  readonly owner: () => string
  readonly approver: () => string
  readonly anybody: () => string
  readonly proof: () => Proof
  readonly tool: () => ToolName
  readonly slot: () => string
  readonly amount: () => number
  readonly body: () => BodyPlan
  readonly status: () => number
  readonly answer: () => 'approve' | 'deny' | 'reopen'
  readonly seconds: () => number
}

function castOf(random: Random): Cast {
  /** Up to `most` of these, each seed others. */
  const some = <T>(from: readonly T[], most: number): (() => T) => {
    const chosen = Array.from({ length: 1 + random.below(most) }, () => random.pick(from))
    return () => random.pick(chosen)
  }
  const owner = some(['ann', 'ann', 'bob'], 2)
  const approver = some([WHOEVER_WAS_ASKED, WHOEVER_WAS_ASKED, 'carol', 'dave', 'ann'], 3)
  const person = some(['carol', 'dave'], 2)
  const isCalm = random.oneIn(2)
  const fails = random.below(4)
  const plans = some(bodyPlans, 3)
  const statuses = some([200, 200, 201, 403, 409, 500, 0], 3)
  return {
    random,
    process: some([0, 1, 2], 3),
    owner,
    approver,
    anybody: () => (random.oneIn(2) ? owner() : person()),
    proof: () => (isCalm || !random.oneIn(3) ? 'login' : random.pick(proofs)),
    tool: some(toolNames, 2),
    slot: some(['one', 'two', 'three'], 3),
    amount: some([50, 500, 500, 700], 2),
    body: () => (random.below(3) < fails ? plans() : 'returns'),
    status: () => (random.below(3) < fails ? statuses() : 200),
    answer: some(['approve', 'approve', 'deny', 'reopen'] as const, 2),
    seconds: some([1, 6, 6, 20, 31, 61, 65, 130, 301, 610, 1900, 3700], 4),
  }
}

type Make = (cast: Cast) => unknown

/** How each command is made, and how often, where a seed takes it at all. */
const makers: Readonly<Record<Command['do'], readonly [weight: number, make: Make]>> = {
  call: [
    12,
    ({ random, process, owner, proof, tool, slot, amount, body, status }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      tool: tool(),
      slot: slot(),
      amount: amount(),
      body: body(),
      status: status(),
      preflight: random.oneIn(6),
    }),
  ],
  answer: [
    6,
    ({ random, process, approver, proof, answer }) => ({
      process: process(),
      who: approver(),
      proof: proof(),
      which: random.oneIn(2) ? NEWEST : random.below(3),
      answer: answer(),
      twice: random.oneIn(5),
    }),
  ],
  'answer on the phone': [
    6,
    ({ random, answer }) => ({
      which: random.oneIn(3) ? 1 : 0,
      answer: answer() === 'deny' ? 'deny' : 'approve',
      lie: random.pick(['none', 'none', 'none', 'someone else', 'old login', 'no time']),
    }),
  ],
  order: [
    4,
    ({ random, process, owner, amount }) => ({
      process: process(),
      who: owner(),
      amount: amount(),
      token: random.below(2),
      key: random.pick(['k1', 'k2']),
      gate: random.below(3),
      approved: random.oneIn(2),
      status: random.pick([200, 201, 403, 500]),
    }),
  ],
  'log in': [2, ({ random, anybody }) => ({ who: anybody(), saysWhen: random.oneIn(2) })],
  refresh: [1, ({ anybody }) => ({ who: anybody() })],
  revoke: [
    3,
    ({ random, process, anybody }) => ({
      process: process(),
      who: anybody(),
      what: random.pick(['subject', 'session']),
    }),
  ],
  'create a job': [2, ({ process, owner, proof }) => ({ process: process(), who: owner(), proof: proof() })],
  'end a job': [1, ({ process, owner }) => ({ process: process(), who: owner() })],
  resolve: [
    2,
    ({ random, process, owner, proof }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      which: random.below(2),
      what: random.pick(['ran', 'did_not_run']),
    }),
  ],
  cancel: [1, ({ random, process, owner }) => ({ process: process(), who: owner(), which: random.below(2) })],
  deploy: [
    3,
    ({ random, process }) => ({
      process: process(),
      change: random.pick(['limit', 'limit', 'approver', 'time limit', 'version']),
    }),
  ],
  pass: [5, ({ seconds }) => ({ seconds: seconds() })],
  kill: [2, ({ process }) => ({ process: process() })],
  'stand still': [1, ({ random, process }) => ({ process: process(), seconds: random.pick([20, 70, 200]) })],
  'set the clock': [
    2,
    ({ random, process }) => ({ process: process(), seconds: random.pick([0, 20, -20, 3600, -3600]) }),
  ],
  'set the issuer’s clock': [1, ({ random }) => ({ seconds: random.pick([0, 20, -20]) })],
  'rotate keys': [1, () => ({})],
  break: [
    3,
    ({ random, process }) => ({
      process: process(),
      kind: random.pick(['store', 'store', 'http']),
      fault: random.pick(['outage', 'lost', 'slow']),
      after: random.below(25),
    }),
  ],
  mislead: [
    1,
    ({ random }) => ({
      fault: random.pick(['wrong user', 'more scopes', 'other audience', 'html', 'no scope', 'expires nonsense']),
    }),
  ],
}

const all = Object.keys(makers) as Command['do'][]

/** What belongs together: half of the seeds take one of these, and try it more closely. */
const themes: readonly (readonly Command['do'][])[] = [
  ['revoke', 'set the clock', 'log in', 'refresh', 'create a job'],
  ['revoke', 'answer', 'stand still', 'create a job', 'end a job'],
  ['deploy', 'answer', 'cancel', 'answer on the phone'],
  ['resolve', 'kill', 'stand still', 'break'],
  ['answer', 'log in', 'deploy', 'revoke'],
  ['order', 'kill', 'break'],
]

/** The commands of a seed: those of a theme, or a random subset. */
export function commandsOf(random: Random): readonly Command[] {
  const drawn = castOf(random)
  const isWarm = random.oneIn(6)
  const share = 2 + random.below(2)
  // Revocations by several processes, before the eyes of one that reads again and again.
  const cast: Cast = isWarm
    ? { ...drawn, process: () => random.below(3), tool: () => 'look', owner: () => 'ann' }
    : drawn
  const taken: readonly Command['do'][] = isWarm
    ? ['revoke', 'set the clock']
    : random.oneIn(2)
      ? [...random.pick(themes), ...random.pick(themes)]
      : all.filter(() => random.oneIn(share))
  const bag = [...taken, 'call' as const, 'pass' as const].flatMap((name) =>
    Array<Command['do']>(makers[name][0]).fill(name),
  )
  const paces = random.pick<readonly Command['pace'][]>([
    ['settle'],
    ['settle', 'settle', 'settle', 8],
    ['settle', 0, 5, 15, 30],
  ])
  return Array.from({ length: 4 + random.below(20) }, () => {
    const name = random.pick(bag)
    return { do: name, ...(makers[name][1](cast) as object), pace: random.pick(paces) } as Command
  })
}
