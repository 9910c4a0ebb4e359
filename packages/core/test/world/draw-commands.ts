import {
  type BodyPlan,
  bodyPlans,
  type Command,
  type CommandOf,
  deployChanges,
  type JobBounds,
  jobBounds,
  NEWEST,
  oddities,
  type Proof,
  proofs,
  WHOEVER_WAS_ASKED,
} from './commands.ts'
import { faults } from './faults.ts'
import { issuerFaults } from './issuer.ts'
import { phoneLies } from './phones.ts'
import { providerFaults } from './provider.ts'
import type { Random } from './random.ts'
import { apiTools, type ToolName } from './tools.ts'

/** What one seed draws from. Few of each: what is rare together comes together in some seeds. */
export interface Cast {
  readonly random: Random
  readonly process: () => number
  readonly owner: () => string
  readonly approver: () => string
  readonly anybody: () => string
  readonly proof: () => Proof
  readonly tool: () => ToolName
  readonly slot: () => string
  /** Those of equal calls at once. */
  readonly slots: () => readonly string[]
  readonly amount: () => number
  readonly body: () => BodyPlan
  readonly status: () => number
  readonly answer: () => 'approve' | 'deny' | 'reopen'
  readonly account: () => string
  /** What is wrong with a server's next answer. */
  readonly fault: () => CommandOf<'mislead'>['fault']
  readonly seconds: () => number
  /** By how much a process's clock is wrong, in seconds. */
  readonly skew: () => number
  readonly change: () => CommandOf<'deploy'>['change']
  /** Which operation fails, and how. */
  readonly trouble: () => Pick<CommandOf<'break'>, 'kind' | 'fault' | 'after'>
}

export function castOf(random: Random): Cast {
  /** Up to `most` of these, each seed others. */
  const some = <T>(from: readonly T[], most: number): (() => T) => {
    const chosen = Array.from({ length: 1 + random.below(most) }, () => random.pick(from))
    return () => random.pick(chosen)
  }
  const owner = some(['ann', 'ann', 'ann@blue', 'bob'], 2)
  const approver = some([WHOEVER_WAS_ASKED, WHOEVER_WAS_ASKED, 'carol', 'carol@blue', 'dave', 'ann'], 3)
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
    tool: some(apiTools, 2),
    slot: some(['one', 'two', 'three'], 3),
    slots: () => ['one', 'two', 'three'].slice(0, 2 + random.below(2)),
    amount: some([50, 500, 500, 700], 2),
    body: () => (random.below(3) < fails ? plans() : 'returns'),
    status: () => (random.below(3) < fails ? statuses() : 200),
    answer: some(['approve', 'approve', 'deny', 'reopen'] as const, 2),
    account: () => random.pick(['home', 'home', 'work']),
    fault: () => (random.oneIn(4) ? random.pick(providerFaults) : random.pick(issuerFaults)),
    change: () => random.pick(['limit', ...deployChanges]),
    trouble: () => {
      const kind = random.pick(['store', 'store', 'http'] as const)
      const fault = random.pick(faults)
      // A call has many store operations, and few requests.
      return { kind, fault, after: random.below(kind === 'store' ? 25 : 4) }
    },
    skew: () => random.pick([0, 20, -20, 3600, -3600]),
    seconds: some([1, 6, 6, 20, 31, 61, 65, 130, 301, 610, 1900, 3700], 4),
  }
}

type Make = (cast: Cast) => unknown

/** A caller who does not wait for ever. */
const leaves = (random: Random) => (random.oneIn(4) ? { patience: random.pick([1, 3, 5]) } : {})

/** How each command is made, and how often, where a seed takes it at all. */
export const makers: Readonly<Record<Command['do'], readonly [weight: number, make: Make]>> = {
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
      ...leaves(random),
      ...(random.oneIn(15) && { odd: random.pick(oddities) }),
    }),
  ],
  'call together': [
    2,
    ({ random, process, owner, proof, tool, slots, amount, body, status }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      tool: tool(),
      slots: slots(),
      amount: amount(),
      body: body(),
      status: status(),
      stopsAll: random.oneIn(2),
    }),
  ],
  repeat: [
    3,
    ({ random, process, body }) => ({ process: process(), which: random.below(2), body: body(), ...leaves(random) }),
  ],
  answer: [
    6,
    ({ random, process, approver, owner, proof, answer }) => {
      const leaked = random.oneIn(8)
      return {
        process: process(),
        who: leaked ? random.pick([owner(), 'carol@blue', approver()]) : approver(),
        proof: proof(),
        which: random.oneIn(2) ? NEWEST : random.below(3),
        answer: answer(),
        twice: random.oneIn(5),
        leaked,
      }
    },
  ],
  'answer on the phone': [
    6,
    ({ random, answer }) => ({
      which: random.oneIn(3) ? 1 : 0,
      answer: answer() === 'deny' ? 'deny' : 'approve',
      lie: random.pick(['none', 'none', ...phoneLies]),
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
  link: [
    4,
    ({ random, process, owner, proof, account }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      account: account(),
      onlyToRead: random.oneIn(3),
      choose: random.oneIn(3),
      ...(random.oneIn(8) && { finishedBy: random.pick(['bob', 'carol']) }),
    }),
  ],
  'choose an account': [
    4,
    ({ random, process, owner, proof, account }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      account: account(),
      by: random.pick(['the user', 'the app', 'the app']),
    }),
  ],
  disconnect: [
    2,
    ({ random, process, owner, proof }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      ...(!random.oneIn(4) && { account: random.pick(['home', 'home', 'work']) }),
    }),
  ],
  'keep a session': [2, ({ random, process, owner }) => ({ process: process(), who: owner(), isOld: random.oneIn(3) })],
  'sign out': [1, ({ process, owner }) => ({ process: process(), who: owner() })],
  operate: [
    2,
    ({ random, process, anybody }) => ({
      process: process(),
      act: random.pick(['revoke the user', 'revoke the session', 'resolve', 'cancel']),
      who: anybody(),
      which: random.below(2),
      what: random.pick(['ran', 'did_not_run']),
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
  'create a job': [
    2,
    ({ random, process, owner, proof }) => ({
      process: process(),
      who: owner(),
      proof: proof(),
      bounds: random.pick(Object.keys(jobBounds) as JobBounds[]),
      hasTokens: random.oneIn(2),
    }),
  ],
  'end a job': [
    1,
    ({ random, process, owner, anybody }) => {
      const ofAnybody = random.oneIn(4)
      return { process: process(), who: ofAnybody ? anybody() : owner(), ofAnybody }
    },
  ],
  resolve: [
    2,
    ({ random, process, owner, anybody, proof }) => {
      const ofAnybody = random.oneIn(4)
      return {
        process: process(),
        who: ofAnybody ? anybody() : owner(),
        proof: proof(),
        which: random.below(2),
        what: random.pick(['ran', 'did_not_run']),
        ofAnybody,
      }
    },
  ],
  cancel: [
    1,
    ({ random, process, owner, anybody }) => {
      const ofAnybody = random.oneIn(4)
      return { process: process(), who: ofAnybody ? anybody() : owner(), which: random.below(2), ofAnybody }
    },
  ],
  deploy: [3, ({ process, change }) => ({ process: process(), change: change() })],
  pass: [5, ({ seconds }) => ({ seconds: seconds() })],
  kill: [2, ({ process }) => ({ process: process() })],
  'stand still': [1, ({ random, process }) => ({ process: process(), seconds: random.pick([20, 70, 200]) })],
  'set the clock': [2, ({ process, skew }) => ({ process: process(), seconds: skew() })],
  'set the issuer’s clock': [1, ({ random }) => ({ seconds: random.pick([0, 20, -20]) })],
  'rotate keys': [1, () => ({})],
  'rotate the app’s keys': [1, () => ({})],
  watch: [2, ({ process }) => ({ process: process() })],
  break: [3, ({ process, trouble }) => ({ process: process(), ...trouble() })],
  mislead: [1, ({ fault }) => ({ fault: fault() })],
}
