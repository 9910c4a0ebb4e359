import type { Denied, Done, Interrupted, Invocation, Trace, Unavailable } from '../contract/index.ts'
import { callOf, principalOf } from './auditor.ts'
import type { Environment } from './environment.ts'
import type { Progress } from './progress.ts'
import { denySentences, failedSentence, unavailableSentence, underWaySentence } from './sentences.ts'
import type { Stop } from './stop.ts'

type Phase = 'preflight' | 'run'

/** An ending without a result. */
export type Ended = Denied | Interrupted | Unavailable

export function doneWith(progress: Progress, result: unknown): Done<unknown> {
  return { status: 'done', result, trace: progress.trace() }
}

/** A stop as the caller sees it: the fixed sentence for the model, the trace for the operator. */
export function ended(progress: Progress, stop: Stop, phase: Phase, environment: Environment): Ended {
  const outcome = outcomeOf(progress, stop, phase)
  noteEnd(progress, phase, stop.status, environment, stop.status === 'denied' ? stop.code : undefined)
  return outcome
}

function outcomeOf(progress: Progress, stop: Stop, phase: Phase): Ended {
  const trace = progress.trace()
  switch (stop.status) {
    case 'denied': {
      const { code, idempotencyKey, retryAfter } = stop
      return {
        status: 'denied',
        code,
        message: denySentences[code],
        trace,
        ...(idempotencyKey !== undefined && { idempotencyKey }),
        ...(retryAfter !== undefined && { retryAfter }),
      }
    }
    case 'interrupted': {
      const interrupt = { v: 1, tool: progress.invocation.tool, ...stop.interrupt } as const
      const { wait } = progress.definition.rules
      const waits = wait !== undefined && phase === 'preflight' && interrupt.kind === 'approval_pending'
      return { status: 'interrupted', interrupt, trace, ...(waits && { maxWaitSeconds: wait.maxSeconds }) }
    }
    case 'unavailable': {
      const { retryAfter, retryable, underWay } = stop
      const sentence = retryable === false ? failedSentence : unavailableSentence
      return {
        status: 'unavailable',
        message: underWay === true ? underWaySentence : sentence,
        trace,
        ...(retryable === false && { retryable }),
        ...(retryAfter !== undefined && { retryAfter }),
      }
    }
    default:
      return stop satisfies never
  }
}

/** A call that goes on adds steps to its trace; an event stays as it was. */
const snapshotOf = (trace: Trace): Trace => ({ ...trace, steps: [...trace.steps] })

/** What has no policy does not run. */
export function noPolicy({ tool, identity }: Invocation, phase: Phase, { auditor, observe }: Environment): Denied {
  const detail = 'no policy() or publicTool() was given for this tool'
  const mode = observe ? ({ mode: 'observe' } as const) : {}
  const trace = { tool, ...mode, steps: [{ step: 'policy', verdict: 'denied', detail }] } as const
  auditor.note({ type: 'call', phase, status: 'denied', code: 'no_policy', tool, ...principalOf(identity), trace })
  return { status: 'denied', code: 'no_policy', message: denySentences.no_policy, trace }
}

/** Puts the end of a call on record. Before a body runs, and where audit is required, this waits for the sink. */
export function noteEnd(
  progress: Progress,
  phase: Phase,
  status: 'ready' | 'done' | 'replayed' | Ended['status'],
  { auditor }: Environment,
  code?: string,
): Promise<void> | undefined {
  if (auditor.isSilent || progress.isOver) return undefined
  const event = {
    type: 'call',
    phase,
    status,
    tool: progress.invocation.tool,
    ...principalOf(progress.identity),
    ...callOf(progress),
    ...(code !== undefined && { code }),
    trace: snapshotOf(progress.trace()),
  } as const
  if (status === 'ready' && phase === 'run') return auditor.demand(event)
  auditor.note(event)
  return undefined
}
