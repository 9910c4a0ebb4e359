import type { CallEvent } from '@behalf/core/audit'
import type { SandboxEvent } from '../events/index.ts'

/** A question to OpenFGA that was answered with no. */
export interface RefusedCheck {
  /** Question in OpenFGA's notation: `user:ann user_can_trade portfolio:p-ann`. */
  readonly question: string
  /** Reason: tuples, and their conditions with the values. Empty if no server said one. */
  readonly reason: string
}

type TraceStep = CallEvent['trace']['steps'][number]

/** Splits a denial of the permission checker in the trace, such as `<question>: no (<reason>)`. */
function denialOf(part: string): { readonly question: string; readonly reason?: string } | undefined {
  if (part.endsWith(': no')) return { question: part.slice(0, -': no'.length) }
  const [question = '', ...rest] = part.split(': no (')
  if (rest.length === 0 || !part.endsWith(')')) return undefined
  return { question, reason: rest.join(': no (').slice(0, -1) }
}

/** Returns whether a part of a step's detail is a question that was answered with no. */
export const isNo = (part: string): boolean => denialOf(part) !== undefined

/**
 * Returns the questions of a step that were answered with no. The reasons are in the trace, if the guard has an
 * explainer, else in what the sandbox's OpenFGA reported before the step was decided.
 */
export function refusedChecks(
  { detail, at = Number.POSITIVE_INFINITY }: Pick<TraceStep, 'detail' | 'at'>,
  seen: readonly SandboxEvent[],
): readonly RefusedCheck[] {
  return detail.split('; ').flatMap((part) => {
    const denial = denialOf(part)
    return denial === undefined ? [] : [{ reason: reportedReason(denial.question, at, seen), ...denial }]
  })
}

function reportedReason(question: string, at: number, seen: readonly SandboxEvent[]): string {
  const found = seen.findLast(
    (event) =>
      event.type === 'checked' &&
      !event.allowed &&
      event.at <= at &&
      `${event.user} ${event.relation} ${event.object}` === question,
  )
  return found?.type === 'checked' ? (found.why ?? '') : ''
}

// Names have limits here, because a report may be one long name, and the sandbox answers no other request meanwhile.
const FAILED = /(\S{1,512}): its condition (\S{1,256}) does not hold/g
const MISSING = /'(\S{1,256})' - tuple '(\S{1,512})' is missing context parameters '\[([^[\]]*)\]'/g

/** Returns what to do about the conditions that refused. Empty if a relation is missing, and no condition refused. */
export function conditionRemedies({ reason }: RefusedCheck): readonly string[] {
  const failed = [...reason.matchAll(FAILED)].map(
    ([, tuple, name]) => `Change the input, or the limits of ${name} on the tuple “${tuple}”.`,
  )
  const missing = [...reason.matchAll(MISSING)].map(
    ([, name, tuple, parameters]) =>
      `Give ${parameters} in the context of the permission, or on the tuple “${tuple}”: its condition ${name} needs it.`,
  )
  return [...failed, ...missing]
}

/** Returns what to do about a question for which there is no relation. */
export const relationRemedy = ({ question }: RefusedCheck): string =>
  `Write a relation to OpenFGA from which “${question}” follows (in the sandbox: “tuples” of the seed).`

/** The reason, one tuple or value a line: OpenFGA's answer names each parameter of a condition. */
export const linesOfReason = (reason: string): readonly string[] =>
  reason === '' ? [] : reason.split(/; |, (?=\w+ = )| and (?=\S{1,512}: )/)

/** Shortens the reason in a part of a step's detail, for a list: the name of the condition stays. */
export const shortReason = (part: string): string => part.replace(/( does not hold): .*/s, '$1)')
