import { type ProtocolTarget, TestingError } from '@behalf/testing'
import { questionName } from '../authorization-server/index.ts'
import type { EventHub } from '../events/index.ts'
import type { OpenTarget } from '../target/index.ts'
import { personOf, type SandboxPerson } from './people.ts'

/** Fault or answer that can be set while an agent runs. */
export type SandboxFault = 'approve' | 'deny' | 'expire' | 'slow-down' | '503' | 'lost-answer' | 'revoke' | 'off'

type Controls = ProtocolTarget['authorizationServer']['controls']

interface QuestionFault {
  readonly act: (controls: Controls, authReqId: string) => Promise<void>
  /** What then happens to the question, in words. */
  readonly effect: string
}

/** Faults and answers of one question. */
const OF_QUESTION: Readonly<Record<string, QuestionFault>> = {
  approve: { act: (controls, id) => controls.approve(id), effect: 'is approved' },
  deny: { act: (controls, id) => controls.deny(id), effect: 'is denied' },
  expire: { act: (controls, id) => controls.expire(id), effect: 'expires' },
  'slow-down': { act: (controls, id) => controls.slowDown(id), effect: 'is told to slow down at its next poll' },
  'lost-answer': { act: (controls, id) => controls.answerLost(id), effect: 'loses its tokens on their way' },
}

const RETRY_SECONDS = 2

/** Faults, and their effects. */
export const FAULTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(OF_QUESTION).map(([name, { effect }]) => [
      name,
      `the newest open question ${effect}, else the next one`,
    ]),
  ),
  '503': `the next token request is answered 503, with Retry-After: ${RETRY_SECONDS}`,
  revoke: 'the refresh tokens of all linked accounts are revoked at the upstream: they have to be connected again',
  off: 'whatever was set and has not happened yet does not happen',
} satisfies Partial<Record<SandboxFault, string>>

/** The question that is meant: its message, its name in the events, or the newest one of a user. */
export type QuestionChoice = string | { readonly user: string }

/** @returns the effect, in words: what happened, or what will */
export type SetFault = (name: string, question?: QuestionChoice) => Promise<string>

export interface FaultOptions {
  readonly people: readonly SandboxPerson[]
  readonly events: EventHub
  /** Automatic answer to each question. @default none */
  readonly answers?: 'approve' | 'deny' | undefined
}

/** Makes the switches of a sandbox. */
export function createFaults(target: OpenTarget, { people, events, answers }: FaultOptions): SetFault {
  const { controls } = target.authorizationServer
  const next: { readonly name: string; readonly user: string | undefined }[] = []
  const takeNext = (subject: string) => {
    const index = next.findIndex(({ user = subject }) => user === subject)
    return index < 0 ? undefined : next.splice(index, 1)[0]?.name
  }
  events.listen((event) => {
    const fault = event.type === 'asked' ? OF_QUESTION[takeNext(event.subject) ?? answers ?? ''] : undefined
    if (event.type !== 'asked' || fault === undefined) return
    // Runs after the client has its acknowledgement: it did not ask for an immediate answer.
    setTimeout(() => void toQuestion(controls, fault, event.question), 20).unref()
  })

  async function setForQuestion(
    name: string,
    fault: QuestionFault,
    question: QuestionChoice | undefined,
  ): Promise<string> {
    const user = typeof question === 'object' ? personOf(people, question.user).subject : undefined
    const done = await toQuestion(controls, fault, question)
    if (done !== undefined) return done
    if (typeof question === 'string') {
      const open = (await controls.pendingRequests()).map(({ bindingMessage }) => JSON.stringify(bindingMessage))
      throw new TestingError(`no open question ${JSON.stringify(question)}; open are: ${open.join(', ') || 'none'}`)
    }
    next.push({ name, user })
    return `the next question${user === undefined ? '' : ` of ${user}`} ${fault.effect}`
  }

  async function set(name: string): Promise<string> {
    if (name === 'off') {
      next.length = 0
      target.forgetFaults()
    } else if (name === '503') {
      await controls.fault('token', { status: 503, headers: { 'retry-after': String(RETRY_SECONDS) } })
    } else {
      for (const { upstreamSubject } of people) await target.upstream.controls.revokeRefreshTokens(upstreamSubject)
    }
    return FAULTS[name] as string
  }

  return async (name, question) => {
    if (!Object.hasOwn(FAULTS, name)) {
      throw new TestingError(`there is no fault ${JSON.stringify(name)}; there are ${Object.keys(FAULTS).join(', ')}`)
    }
    const fault = OF_QUESTION[name]
    if (fault === undefined && question !== undefined) {
      throw new TestingError(`${name} is for no question: leave out ${JSON.stringify(question)}`)
    }
    const effect = await (fault === undefined ? set(name) : setForQuestion(name, fault, question))
    events.emit({ type: 'fault', fault: name, effect })
    return effect
  }
}

/**
 * @param question - @default the newest open one
 * @returns what happens to which question, in words. `undefined`: it is not open, or another answer came first.
 */
async function toQuestion(
  controls: Controls,
  { act, effect }: QuestionFault,
  question: QuestionChoice | undefined,
): Promise<string | undefined> {
  const open = await controls.pendingRequests()
  const chosen = open.findLast(
    ({ authReqId, bindingMessage, subject }) =>
      question === undefined ||
      (typeof question === 'string'
        ? [questionName(authReqId), bindingMessage].includes(question)
        : subject === question.user),
  )
  if (chosen === undefined) return undefined
  try {
    await act(controls, chosen.authReqId)
  } catch (error) {
    if (!(error instanceof TestingError)) throw error
    return undefined
  }
  const others = open.length > 1 ? `; other open questions: ${open.length - 1}` : ''
  return `the question “${chosen.bindingMessage ?? ''}” of ${chosen.subject} ${effect}${others}`
}
