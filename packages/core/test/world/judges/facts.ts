import type { Caller, Text, WorldEvent } from '../events.ts'

/** Why an event is not justified. */
export interface Unjustified {
  readonly promise: string
  readonly why: string
}

export type Of<Kind extends WorldEvent['kind']> = Extract<WorldEvent, { readonly kind: Kind }>

/** One begin of a body, and what became of it. */
export interface Start {
  readonly call: Of<'called'>
  readonly at: number
  readonly streams: boolean
  /** Writes that left without a definite refusal. */
  writes: number
  /** It did something by ways that the SDK does not see. */
  actsUnseen?: boolean
  /**
   * `under way`; `harmless`: surely without effect; `in doubt` since `since`: its effect is unknown. `did not run` and
   * `ran` are what a person said of one in doubt. Two may say it at once, and the last one that holds is sure.
   */
  state: 'under way' | 'harmless' | 'returned' | 'in doubt' | 'did not run' | 'ran'
  since: number
  /** Why it is in doubt. */
  doubt?: string
  result?: string | undefined
  isOnceOnly?: boolean
  /** Those who may have said that it did not run, since it was in doubt. */
  released: readonly Of<'resolved'>[]
  /** Someone says that it did not run, and is not told yet whether this holds. */
  isUnsure?: boolean
  /** It returned, and its process died before the call did: what it gave may be stored nowhere. */
  isLost?: boolean
  /** Its process stood still for so long that everybody else took it for dead. */
  wasTakenForDead?: boolean
  /** Which linked account the app named for it, and with which one its requests left. */
  readonly named: string | undefined
  account?: string
}

/** All starts of one call, however often it is tried: they have one idempotency key. */
export interface Run {
  readonly key: string
  readonly principal: string
  readonly tool: string
  readonly input: string
  readonly starts: Start[]
}

export interface Revocation {
  readonly at: number
  readonly subject?: string | undefined
  readonly session?: string | undefined
  readonly job?: string | undefined
}

/** A revocation ends all proofs of a person from before it; one of a session or a job ends that, whenever it began. */
export function concerns(revocation: Revocation, caller: Caller): boolean {
  if (revocation.job !== undefined) return revocation.job === caller.job
  if (revocation.session !== undefined) return revocation.session === caller.session
  // One without a tenant ends those of all tenants.
  const names = [caller.subject, caller.subject.split('@')[0]]
  return names.includes(revocation.subject) && caller.provenAt < revocation.at
}

export const isInPerson = ({ kind, client }: Caller): boolean => kind === 'user' && client === 'agent'

/** Equal: they would do the same for the same person. */
export const isEqualRun = (a: Run, b: Run): boolean =>
  a.principal === b.principal && a.tool === b.tool && a.input === b.input

/** The same of two calls, whose inputs may have more in them than the caller gave. */
export const isEqualCall = (a: Of<'called'>, b: Of<'called'>): boolean =>
  a.caller.subject === b.caller.subject && a.tool === b.tool && a.amount === b.amount

/** Two clients of one person are one kind here: each may have the result of what the other did. */
export const isSameKind = (a: Of<'called'>, b: Of<'called'>): boolean => a.caller.kind === b.caller.kind

export const needsApproval = ({ rules, amount }: Of<'called'>): boolean =>
  rules.limit !== undefined && amount > rules.limit

/** Two clients of one person are two kinds of caller: what was approved for one is not for the other. */
export const kindOf = ({ kind, client }: Caller): string => `${kind} by ${client}`

export const textOf = ({ owner, kind, tool, amount, version, account = 'any account', warning = '' }: Text): string =>
  `${warning}${owner} (${kind}): ${tool} ${amount}, version ${version}, ${account}`

/** Whether a text says what a call does. */
export const isSameText = (text: Text, { caller, tool, amount, rules }: Of<'called'>): boolean =>
  text.owner === caller.subject &&
  text.kind === kindOf(caller) &&
  text.tool === tool &&
  text.amount === amount &&
  text.version === rules.version

/** What one slot, with its input, is known by. */
export const slotOf = ({ caller, tool, slot, amount }: Of<'called'>): string =>
  JSON.stringify([caller.subject, tool, slot, amount])

export const nameOf = ({ caller, tool, amount, slot }: Of<'called'>): string =>
  `${tool} ${amount} of ${caller.subject} (${slot})`

export const became = ({ state, since, doubt = 'its process died' }: Start): string =>
  state === 'under way'
    ? 'is under way'
    : state === 'in doubt'
      ? `is in doubt since ${clock(since)}: ${doubt}`
      : `ended as "${state}"`

/** Seconds since the beginning: all that the reader of a story needs. */
export const clock = (at: number): string => `${Math.round(at - 1_800_000_000)} s`
