import type { Guard, Identity, Policy } from '@behalf/core'

/** One tool under its policy, with what its request knows. */
export interface GuardedCall {
  readonly name: string
  readonly policy: Policy
  readonly options: {
    readonly guard: Guard
    readonly identity?: Identity | undefined
    readonly threadId: string
    readonly onError?: OnError
  }
}

type OnError = (error: unknown, tool: string) => void

/** Hands the original to the app. A handler that throws must not put its text where the fixed one belongs. */
export function report(onError: OnError | undefined, error: unknown, tool: string): void {
  try {
    onError?.(error, tool)
  } catch {}
}
