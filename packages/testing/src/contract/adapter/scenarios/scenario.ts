import type { UserIdentity } from '@behalf/core'
import type { AdapterSession } from '../adapter-session.ts'
import type { ScriptedCall } from '../adapter-subject.ts'
import type { GuardedName, PlainName } from '../toolbox.ts'

/** One requirement for every adapter. */
export interface AdapterScenario {
  readonly title: string
  /** Ability that a subject must have for this scenario. Absent: every subject must pass it. */
  readonly needs?:
    | 'generators'
    | 'worker'
    | 'forms'
    | 'questions'
    | 'guardedQuestions'
    | 'nestedCalls'
    | 'randomDefaults'
    | 'repeatedInSteps'
    | 'repeatedInTurns'
    | 'toolTimeouts'
  readonly run: (session: AdapterSession) => Promise<void>
}

export const call = (id: string, tool: GuardedName | PlainName, input: unknown = {}): ScriptedCall => ({
  id,
  tool,
  input,
})

/** Beginning of what a model reads about a call whose action is in doubt. */
export const UNKNOWN = 'This action was started before and its result is not known. It was not done again.'

/** Returns an order by Ann. An order of more than 10 shares needs an approval. */
export const buy = (quantity: number, over: Readonly<Record<string, unknown>> = {}) => ({
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity,
  ...over,
})

/** Starts a conversation that waits for Ann's answer about 50 shares. */
export async function askedForFifty(session: AdapterSession, directory = session.directory) {
  const identity = await session.login()
  const report = await session.turn({
    start: 'Buy 50 AAPL',
    identity,
    directory,
    model: [[call('call-1', 'create_order', buy(50))]],
  })
  return { identity, report }
}

/** Resumes until nothing waits: frameworks differ in the number of calls of a step that continue together. */
export async function toTheEnd(session: AdapterSession, identity: UserIdentity) {
  const replayed: number[] = []
  for (let times = 0; times < 6; times++) {
    session.pass(2)
    const report = await session.turn({ start: 'resume', identity, model: ['One of two.'] })
    replayed.push(...report.replayed)
    if (report.ended === 'answered') return { ...report, replayed }
  }
  throw new Error('the conversation did not come to its end')
}
