import {
  INTERRUPT,
  isInterrupt,
  keepAnswer,
  namedAnswers,
  type PendingWrite,
  pendingWritesOf,
  RESUME,
  type Scratchpad,
  scratchpadOf,
} from './graph-task.ts'
import { isOurs, pauseId } from './pause-id.ts'
import type { RunConfig } from './run-config.ts'
import { isWakeUp, wakeUp } from './wake-up.ts'

/**
 * Questions that a tool asks by its own `interrupt()`, separate from those of the guard and of the task's other calls.
 */
export interface OwnQuestions {
  /** Config for the tool's code. */
  readonly config: RunConfig
  /** Returns the error of the tool's code, with its question named as this call's. */
  named(thrown: unknown): Promise<unknown>
}

/**
 * Gives a tool's code the answers to its own questions and no others.
 *
 * LangGraph counts the questions of a task, and gives an answer without a name to the first that asks. So another tool
 * could get the answer that was meant for the guard. An answer without a name belongs to a tool only if the graph waits
 * for that tool's question alone.
 */
export function ownQuestions(place: readonly unknown[], config: RunConfig): OwnQuestions | Promise<OwnQuestions> {
  const task = scratchpadOf(config)
  return task === undefined ? { config, named: async (thrown) => thrown } : questionsIn(task, place, config)
}

async function questionsIn(task: Scratchpad, place: readonly unknown[], config: RunConfig): Promise<OwnQuestions> {
  const answers = await answersOf(place, config, task)
  const own = ownScratchpad(task, answers)
  return {
    config: withScratchpad(config, own),
    async named(thrown) {
      if (!isInterrupt(thrown) || own.interruptCounter < answers.length) return thrown
      const [asked, ...more] = thrown.interrupts
      if (asked === undefined || more.length > 0) return thrown
      asked.id = await pauseId('question', [...place, answers.length])
      return thrown
    },
  }
}

/** The answers to this call's questions, in their order. */
async function answersOf(place: readonly unknown[], config: RunConfig, task: Scratchpad): Promise<readonly unknown[]> {
  const named = namedAnswers(config)
  if (named === undefined && task.nullResume === undefined) return []
  const writes = (await pendingWritesOf(config)) ?? []
  const unnamed = await takeUnnamed(writes, config, task)
  const answers: unknown[] = []
  for (;;) {
    const id = await pauseId('question', [...place, answers.length])
    const kept = writes.find(([to, channel]) => to === id && channel === RESUME)
    const isUnnamed = unnamed !== undefined && unnamed.question === id
    if (isUnnamed) await keepAnswer(config, unnamed.answer, id)
    const answer = kept !== undefined ? firstOf(kept[2]) : isUnnamed ? unnamed.answer : named?.[id]
    if (answer === undefined || isWakeUp(answer)) return answers
    answers.push(answer)
  }
}

/**
 * Takes an answer that names no question, so that no other question of the task gets it: now, or from the store when
 * the graph resumes. Leaves it if LangGraph itself asked, for a graph inside the tool.
 */
async function takeUnnamed(
  writes: readonly PendingWrite[],
  config: RunConfig,
  task: Scratchpad,
): Promise<{ readonly question: unknown; readonly answer: unknown } | undefined> {
  const answer = task.nullResume
  if (answer === undefined) return undefined
  const asked = writes.filter(([, channel]) => channel === INTERRUPT).flatMap(([, , value]) => value)
  const [only, ...more] = asked as readonly { readonly id?: string }[]
  const isLangGraphs = only !== undefined && more.length === 0 && !isOurs(only.id)
  if (isLangGraphs && !isWakeUp(answer)) return undefined
  task.consumeNullResume?.()
  if (!isWakeUp(answer)) await keepAnswer(config, wakeUp)
  return more.length > 0 || isWakeUp(answer) ? undefined : { question: only?.id, answer }
}

/**
 * Returns the first answer. LangGraph keeps a list for each question; another answer to the same one makes it a list of
 * that list and the answer.
 */
function firstOf(kept: unknown): unknown {
  if (!Array.isArray(kept)) return kept
  return kept.length > 1 ? firstOf(kept[0]) : kept[0]
}

/** Returns the task's record without the answers of other questions. */
function ownScratchpad(task: Scratchpad, resume: readonly unknown[]): Scratchpad {
  const own = { interruptCounter: -1, resume: [...resume] }
  const shared = Object.keys(task).filter((key) => !(key in own))
  const accessors = shared.map((key) => [
    key,
    { get: () => Reflect.get(task, key), set: (value: unknown) => Reflect.set(task, key, value), enumerable: true },
  ])
  return Object.defineProperties(own, Object.fromEntries(accessors))
}

/** Answers are kept by their question's name, and so not in the task's own list, where others would find them. */
function withScratchpad(config: RunConfig, scratchpad: Scratchpad): RunConfig {
  const configured = (configurable: RunConfig['configurable']) => ({
    ...configurable,
    __pregel_scratchpad: scratchpad,
    __pregel_send: (writes: readonly (readonly [string, unknown])[]) => {
      const send = configurable?.__pregel_send as ((writes: unknown) => void) | undefined
      const others = writes.filter(([channel]) => channel !== RESUME)
      if (others.length > 0) send?.(others)
    },
  })
  return { ...config, configurable: configured(config.configurable) }
}
