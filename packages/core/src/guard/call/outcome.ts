import type { Completed, Denied, Interrupted, Invocation, Unavailable } from '../../base/contract/index.ts'
import { defined } from '../../base/values/index.ts'
import type { IncomingCall } from './call.ts'
import { CallReport, type Phase, type Reporting } from './call-report.ts'
import {
  deniedBefore,
  deny,
  denySentences,
  failedSentence,
  type Refusal,
  unavailableSentence,
  underWaySentences,
} from './refusal.ts'

/** An outcome without a result. */
export type Ended = Denied | Interrupted | Unavailable

export function doneWith({ report }: IncomingCall, result: unknown): Completed<unknown> {
  return { status: 'done', result, trace: report.trace() }
}

/** Ends a call with a refusal: the fixed sentence for the model, the trace for the operator, the event for the audit. */
export function ended(call: IncomingCall, refusal: Refusal, phase: Phase): Ended {
  const outcome = outcomeOf(call, refusal, phase)
  call.report.recordEnd(phase, refusal.status, refusal.status === 'denied' ? refusal.code : undefined)
  return outcome
}

function outcomeOf({ report, invocation, policy }: IncomingCall, refusal: Refusal, phase: Phase): Ended {
  const trace = report.trace()
  switch (refusal.status) {
    case 'denied': {
      const { code, idempotencyKey, retryAfter } = refusal
      const message = retryAfter && code === 'approval_denied' ? deniedBefore : denySentences[code]
      return defined({ status: 'denied' as const, code, message, trace, idempotencyKey, retryAfter })
    }
    case 'interrupted': {
      const interrupt = { v: 1, tool: invocation.tool, ...refusal.interrupt } as const
      const { wait } = policy.rules
      const waits = wait !== undefined && phase === 'preflight' && interrupt.kind === 'approval_pending'
      return { status: 'interrupted', interrupt, trace, ...(waits && { maxWaitSeconds: wait.maxSeconds }) }
    }
    case 'unavailable': {
      const { retryAfter, retryable, underWay } = refusal
      const sentence = retryable === false ? failedSentence : unavailableSentence
      return {
        status: 'unavailable',
        message: underWay === undefined ? sentence : underWaySentences[underWay.slot],
        trace,
        ...(retryable === false && { retryable }),
        ...defined({ retryAfter }),
      }
    }
    default:
      return refusal satisfies never
  }
}

/** Refuses a tool that has no policy. */
export function noPolicy(invocation: Invocation, phase: Phase, reporting: Reporting): Denied {
  const report = new CallReport(invocation, reporting, reporting.clock.now())
  const refusal = report.refused('policy', deny('no_policy', 'no policy: give what defineTool() or policy() made'))
  return ended({ invocation, report } as IncomingCall, refusal, phase) as Denied
}
