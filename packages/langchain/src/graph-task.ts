import { type GraphInterrupt, isGraphInterrupt } from '@langchain/langgraph'
import { isRecord, type RunConfig } from './run-config.ts'

/** LangGraph's own record of a task's interrupts. Not of its public API; absent outside a graph. */
export interface Scratchpad {
  interruptCounter: number
  readonly resume: readonly unknown[]
  /** Value with which the graph was resumed without naming a question. */
  readonly nullResume?: unknown
  consumeNullResume?(): unknown
}

/** Entry of a checkpoint: the task that wrote it, the channel, and the value. */
export type PendingWrite = readonly [task: string, channel: string, value: unknown]

type SaverConfig = { readonly configurable: Readonly<Record<string, unknown>> }

/** The methods of a checkpointer that are used here. */
interface Saver {
  getTuple(config: SaverConfig): Promise<{ readonly pendingWrites?: readonly PendingWrite[] } | undefined>
  putWrites(config: SaverConfig, writes: readonly (readonly [string, unknown])[], taskId: string): Promise<void>
}

/** Names that LangGraph itself uses. */
export const RESUME = '__resume__'
export const INTERRUPT = '__interrupt__'
const NO_TASK = '00000000-0000-0000-0000-000000000000'

export const isInterrupt = (thrown: unknown): thrown is GraphInterrupt =>
  isRecord(thrown) && isGraphInterrupt(thrown as unknown as Error)

export function scratchpadOf({ configurable }: RunConfig): Scratchpad | undefined {
  const scratchpad = configurable?.__pregel_scratchpad
  return isRecord(scratchpad) ? (scratchpad as unknown as Scratchpad) : undefined
}

export function canPause({ configurable }: RunConfig): boolean {
  return isRecord(configurable?.__pregel_checkpointer)
}

/** Returns the name of the graph's task: the same after a restart. */
export const namespaceOf = ({ configurable }: RunConfig): string => String(configurable?.checkpoint_ns ?? '')

/** The thread that the graph keeps its checkpoints in. Empty outside a thread. */
export const threadOf = ({ configurable }: RunConfig): string => String(configurable?.thread_id ?? '')

/** Returns the answers with which this run resumed, by the questions that they name. */
export function namedAnswers({ configurable }: RunConfig): Readonly<Record<string, unknown>> | undefined {
  const map = configurable?.__pregel_resume_map
  return isRecord(map) ? map : undefined
}

/** Returns the writes of the checkpoint at which this task began, or `undefined` if they are unknown. */
export async function pendingWritesOf(config: RunConfig): Promise<readonly PendingWrite[] | undefined> {
  const tuple = await saverOf(config)?.getTuple(checkpointOf(config))
  return tuple?.pendingWrites
}

/** Stores the answer to a question. @param to - id of the question; by default the answer names none */
export async function keepAnswer(config: RunConfig, answer: unknown, to: string = NO_TASK): Promise<void> {
  const value = to === NO_TASK ? answer : [answer]
  await saverOf(config)?.putWrites(checkpointOf(config), [[RESUME, value]], to)
}

const saverOf = (config: RunConfig): Saver | undefined =>
  canPause(config) ? (config.configurable?.__pregel_checkpointer as Saver) : undefined

/** Returns the checkpoint of the graph that contains the task: its namespace is the task's, without the last part. */
function checkpointOf(config: RunConfig): SaverConfig {
  const { thread_id, checkpoint_map } = config.configurable ?? {}
  const checkpoint_ns = namespaceOf(config).split('|').slice(0, -1).join('|')
  const checkpoint_id = (checkpoint_map as Readonly<Record<string, unknown>> | undefined)?.[checkpoint_ns]
  return { configurable: { thread_id, checkpoint_ns, checkpoint_id } }
}
