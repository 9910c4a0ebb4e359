import { type ProtocolTarget, TestingError } from '@behalf/testing'
import type { EventHub } from '../events/index.ts'
import type { SandboxPerson } from './people.ts'

/** What can be made to go wrong, or be answered, while an agent runs. */
export type SandboxFault = 'approve' | 'deny' | 'expire' | 'slow-down' | '503' | 'lost-answer' | 'revoke'

type Controls = ProtocolTarget['authorizationServer']['controls']

/** What happens to a question: the open one, else the next. */
const TO_QUESTIONS: Readonly<Record<string, (controls: Controls, authReqId: string) => Promise<void>>> = {
  approve: (controls, id) => controls.approve(id),
  deny: (controls, id) => controls.deny(id),
  expire: (controls, id) => controls.expire(id),
  'slow-down': (controls, id) => controls.slowDown(id),
  'lost-answer': (controls, id) => controls.answerLost(id),
}

const RETRY_SECONDS = 2

/** Faults, and what each does. */
export const FAULTS: Readonly<Record<SandboxFault, string>> = {
  approve: 'the open question is approved, else the next one',
  deny: 'the open question is denied, else the next one',
  expire: 'the open question runs out, else the next one',
  'slow-down': 'the next poll is told to slow down',
  '503': `the next token request is answered 503, with Retry-After: ${RETRY_SECONDS}`,
  'lost-answer': 'the tokens of the open question, else of the next one, get lost on their way',
  revoke: 'the refresh tokens of all linked accounts are revoked at the upstream: they have to be connected again',
}

/** @returns what will happen, in words */
export type SetFault = (name: string) => Promise<string>

/** Makes the switches of a sandbox. */
export function createFaults(target: ProtocolTarget, people: readonly SandboxPerson[], events: EventHub): SetFault {
  const { controls } = target.authorizationServer
  const next: string[] = []
  events.listen((event) => {
    const name = event.type === 'asked' ? next.shift() : undefined
    if (name === undefined) return
    // After the client has its answer: it did not ask for one at once.
    setTimeout(() => void toNewest(controls, name), 20).unref()
  })
  return async (name) => {
    if (!Object.hasOwn(FAULTS, name)) {
      throw new TestingError(`there is no fault ${JSON.stringify(name)}; there are ${Object.keys(FAULTS).join(', ')}`)
    }
    const effect = FAULTS[name as SandboxFault]
    events.emit({ type: 'fault', fault: name, effect })
    if (name === '503') {
      await controls.fault('token', { status: 503, headers: { 'retry-after': String(RETRY_SECONDS) } })
    } else if (name === 'revoke') {
      for (const { upstreamSubject } of people) {
        await target.upstream.controls.revokeRefreshTokens(upstreamSubject)
      }
    } else if (!(await toNewest(controls, name))) {
      next.push(name)
    }
    return effect
  }
}

async function toNewest(controls: Controls, name: string): Promise<boolean> {
  const newest = (await controls.pendingRequests()).at(-1)
  if (newest === undefined) return false
  await TO_QUESTIONS[name]?.(controls, newest.authReqId)
  return true
}
