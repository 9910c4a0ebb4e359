import { AsyncLocalStorage } from 'node:async_hooks'
import type { RunConfig } from './run-config.ts'

/** A guarded call, as the calls see it that its tool's code makes. */
export interface Enclosing {
  readonly place: readonly unknown[]
  readonly config: RunConfig
}

const scope = new AsyncLocalStorage<Enclosing>()

/** The guarded call in whose tool this code runs. */
export const enclosing = (): Enclosing | undefined => scope.getStore()

/** Runs a tool's code, or a step of its generator, within its call. */
export const within = <Result>(call: Enclosing, run: () => Result): Result => scope.run(call, run)

/**
 * Whether a call has a tool call of its own to answer. One that a tool's code makes and that was handed the config
 * of the call around it has not: that call answers for both. A tool call for another tool is that of a tool around it,
 * guarded or not.
 */
export function answersItself({ toolCall }: RunConfig, name: string): boolean {
  if (toolCall === undefined || (toolCall.name !== undefined && toolCall.name !== name)) return false
  return toolCall !== enclosing()?.config.toolCall
}
