import { createInterface } from 'node:readline'
import type { PendingRequest } from '@behalf/testing'

/** What a person does with a question. `later`: nothing yet, and the agent does not wait. */
export type Decision = 'approve' | 'deny' | 'ignore' | 'later'

/** The person who holds the phone. */
export interface Person {
  decide(question: PendingRequest): Promise<Decision>
  /** The answer is given by the time it is told: on a page, say. @default it is given in their place */
  readonly answersThemselves?: true
}

/** Answers one question after the other as written down; `later` when the list is at its end. */
export function scriptedPerson(...decisions: readonly Decision[]): Person {
  const left = [...decisions]
  return { decide: async () => left.shift() ?? 'later' }
}

/** A person at this terminal. */
export interface TerminalPerson extends Person {
  /** Lets the process end. */
  close(): void
}

/** Asks at the terminal. Anything but a clear yes is a no, the end of input included. */
export function personAtTerminal(): TerminalPerson {
  // One reader for all questions: lines that were typed ahead belong to the next one.
  const reader = createInterface({ input: process.stdin })
  const lines = reader[Symbol.asyncIterator]()
  return {
    async decide() {
      process.stdout.write('            Approve? [y/N] ')
      const { value, done } = await lines.next()
      if (done === true || !process.stdin.isTTY) process.stdout.write('\n')
      return done !== true && /^y(es)?$/i.test(value.trim()) ? 'approve' : 'deny'
    },
    close: () => reader.close(),
  }
}
