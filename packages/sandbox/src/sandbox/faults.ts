import { type ProtocolTarget, TestingError } from '@behalf/testing'
import { questionName } from '../authorization-server/index.ts'
import type { EventHub } from '../events/index.ts'
import type { OpenTarget } from '../target/index.ts'
import type { SandboxPerson } from './people.ts'

/** Fault or answer that can be set while an agent runs. */
export type SandboxFault = 'approve' | 'deny' | 'expire' | 'slow-down' | '503' | 'lost-answer' | 'revoke' | 'off'

type Controls = ProtocolTarget['authorizationServer']['controls']

/** Effects on a question: on the open one, else on the next. */
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
  approve: 'the open question is approved, else the next one',
  deny: 'the open question is denied, else the next one',
  expire: 'the open question runs out, else the next one',
  'slow-down': 'the next poll of the open question is told to slow down, else of the next one',
  '503': `the next token request is answered 503, with Retry-After: ${RETRY_SECONDS}`,
  'lost-answer': 'the tokens of the open question, else of the next one, get lost on their way',
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
    setTimeout(() => void toQuestion(controls, name, event.question), 20).unref()
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
    } else if (!(await toQuestion(controls, name))) {
      next.push(name)
    }
    return effect
  }
}

/**
 * @param question - @default the newest open one
 * @returns whether the question was open; `false` too if another answer came first
 */
async function toQuestion(controls: Controls, name: string, question?: string): Promise<boolean> {
  const open = await controls.pendingRequests()
  const found =
    question === undefined ? open.at(-1) : open.find(({ authReqId }) => questionName(authReqId) === question)
  if (found === undefined) return false
  try {
    await TO_QUESTIONS[name]?.(controls, found.authReqId)
    return true
  } catch (error) {
    if (error instanceof TestingError) return false
    throw error
  }
}
