import { type ProtocolTarget, TestingError } from '@behalf/testing'
import { questionName } from '../authorization-server/index.ts'
import type { EventHub } from '../events/index.ts'
import type { OpenTarget } from '../target/index.ts'
import type { SandboxPerson } from './people.ts'

/** Fault or answer that can be set while an agent runs. */
export type SandboxFault = 'approve' | 'deny' | 'expire' | 'slow-down' | '503' | 'lost-answer' | 'revoke' | 'off'

type Controls = ProtocolTarget['authorizationServer']['controls']

/** Effects on a question: an answer is for all open ones, another effect for the newest; else for the next. */
const TO_QUESTIONS: Readonly<Record<string, (controls: Controls, authReqId: string) => Promise<void>>> = {
  approve: (controls, id) => controls.approve(id),
  deny: (controls, id) => controls.deny(id),
  expire: (controls, id) => controls.expire(id),
  'slow-down': (controls, id) => controls.slowDown(id),
  'lost-answer': (controls, id) => controls.answerLost(id),
}

const RETRY_SECONDS = 2

/** Faults, and their effects. */
export const FAULTS: Readonly<Record<SandboxFault, string>> = {
  approve: 'all open questions are approved, else the next one',
  deny: 'all open questions are denied, else the next one',
  expire: 'the newest open question runs out, else the next one',
  'slow-down': 'the next poll of the newest open question is told to slow down, else of the next one',
  '503': `the next token request is answered 503, with Retry-After: ${RETRY_SECONDS}`,
  'lost-answer': 'the tokens of the newest open question, else of the next one, get lost on their way',
  revoke: 'the refresh tokens of all linked accounts are revoked at the upstream: they have to be connected again',
  off: 'whatever was set and has not happened yet does not happen',
}

/** @returns the coming effect, in words */
export type SetFault = (name: string) => Promise<string>

export interface FaultOptions {
  readonly people: readonly SandboxPerson[]
  readonly events: EventHub
  /** Automatic answer to each question. @default none */
  readonly answers?: 'approve' | 'deny' | undefined
}

/** Makes the switches of a sandbox. */
export function createFaults(target: OpenTarget, { people, events, answers }: FaultOptions): SetFault {
  const { controls } = target.authorizationServer
  const next: string[] = []
  events.listen((event) => {
    const name = event.type === 'asked' ? (next.shift() ?? answers) : undefined
    if (event.type !== 'asked' || name === undefined) return
    // Runs after the client has its acknowledgement: it did not ask for an immediate answer.
    setTimeout(() => void toQuestions(controls, name, event.question), 20).unref()
  })
  return async (name) => {
    if (!Object.hasOwn(FAULTS, name)) {
      throw new TestingError(`there is no fault ${JSON.stringify(name)}; there are ${Object.keys(FAULTS).join(', ')}`)
    }
    const effect = FAULTS[name as SandboxFault]
    events.emit({ type: 'fault', fault: name, effect })
    if (name === 'off') {
      next.length = 0
      target.forgetFaults()
    } else if (name === '503') {
      await controls.fault('token', { status: 503, headers: { 'retry-after': String(RETRY_SECONDS) } })
    } else if (name === 'revoke') {
      for (const { upstreamSubject } of people) {
        await target.upstream.controls.revokeRefreshTokens(upstreamSubject)
      }
    } else if (!(await toQuestions(controls, name))) {
      next.push(name)
    }
    return effect
  }
}

/**
 * @param question - @default all open ones for an answer, else the newest
 * @returns whether one was open; `false` too if another answer came first
 */
async function toQuestions(controls: Controls, name: string, question?: string): Promise<boolean> {
  const open = await controls.pendingRequests()
  const chosen = question === undefined ? open : open.filter(({ authReqId }) => questionName(authReqId) === question)
  let isDone = false
  for (const { authReqId } of name === 'approve' || name === 'deny' ? chosen : chosen.slice(-1)) {
    try {
      await TO_QUESTIONS[name]?.(controls, authReqId)
      isDone = true
    } catch (error) {
      if (!(error instanceof TestingError)) throw error
    }
  }
  return isDone
}
