import { GraphInterrupt, type Interrupt } from '@langchain/langgraph'
import { isInterrupt, type Scratchpad, scratchpadOf } from './graph-task.ts'
import { enclosing } from './nesting.ts'
import type { RunConfig } from './run-config.ts'

/** Pending calls of one task, and what those that paused wait for. */
interface Siblings {
  readonly calls: Set<Promise<unknown>>
  readonly asked: Interrupt[]
}

/**
 * Groups of sibling calls. The calls of one tool's code are siblings of each other, and not of the call around them.
 */
const groups = new WeakMap<object, WeakMap<Scratchpad, Siblings>>()
const noCall = {}

/** Keeps a call pending until this promise settles. */
export type Until = (end: Promise<unknown>) => void

/**
 * Runs a call of a task. If it must pause, it first waits for the other calls of the task.
 *
 * LangGraph's prebuilt `ToolNode` runs all calls of a step in one task. An interrupt of one ends the task while the
 * others still work; after the resume, all run again. So a call that pauses waits until the others end, so that their
 * effects are on record, and pauses with all their questions. In `createAgent` each call is its own task, and waits for
 * no other.
 *
 * @throws The reason of the run's own abort, at once.
 */
export function amongSiblings(config: RunConfig, run: (until: Until) => Promise<unknown>): Promise<unknown> {
  const task = scratchpadOf(config)
  return task === undefined ? run(() => {}) : inTask(task, config, run)
}

async function inTask(task: Scratchpad, config: RunConfig, run: (until: Until) => Promise<unknown>): Promise<unknown> {
  const siblings = siblingsOf(task)
  const { calls, asked } = siblings
  let end: Promise<unknown> = Promise.resolve()
  const own = run((until) => {
    end = until
  })
  const whole = own.then(() => end)
  calls.add(whole)
  const done = () => void calls.delete(whole)
  whole.then(done, done)
  try {
    return await own
  } catch (error) {
    if (!isInterrupt(error)) throw error
    asked.push(...error.interrupts)
    calls.delete(whole)
    await orAborted(allOf(calls), config.signal)
    throw new GraphInterrupt([...asked])
  } finally {
    if (calls.size === 0) queueMicrotask(() => asked.splice(0, calls.size === 0 ? asked.length : 0))
  }
}

function siblingsOf(task: Scratchpad): Siblings {
  const around = enclosing() ?? noCall
  const tasks = groups.get(around) ?? new WeakMap<Scratchpad, Siblings>()
  groups.set(around, tasks)
  const siblings = tasks.get(task) ?? { calls: new Set(), asked: [] }
  tasks.set(task, siblings)
  return siblings
}

async function allOf(calls: ReadonlySet<Promise<unknown>>): Promise<void> {
  while (calls.size > 0) await Promise.allSettled(calls)
}

async function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work
  const { promise, reject } = Promise.withResolvers<void>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
