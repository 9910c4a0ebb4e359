import { AsyncLocalStorage } from 'node:async_hooks'
import type { RunConfig } from './run-config.ts'

/** A guarded call, as the calls see it that its tool's code makes. */
export interface Enclosing {
  readonly place: readonly unknown[]
  readonly config: RunConfig
  /** Id of the tool call in this config, read before any wait. */
  readonly callId: string | undefined
}

const scope = new AsyncLocalStorage<Enclosing>()

/** Returns the guarded call whose tool runs this code. */
export const enclosing = (): Enclosing | undefined => scope.getStore()

/** Runs a tool's code, or a step of its generator, within its call. */
export const within = <Result>(call: Enclosing, run: () => Result): Result => scope.run(call, run)

/**
 * Returns whether a call has its own tool call to answer. A call that a tool's code makes with the config of the call
 * around it has none: that call answers for both. A tool call for another tool belongs to a tool around it, guarded or
 * not.
 */
export function answersItself({ toolCall }: RunConfig, name: string): boolean {
  if (toolCall === undefined || (toolCall.name !== undefined && toolCall.name !== name)) return false
  return toolCall !== enclosing()?.config.toolCall
}
