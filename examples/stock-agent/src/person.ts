import { createInterface } from 'node:readline'
import type { PendingRequest } from '@behalf/testing'

/** A person's decision on a question. `later`: the person has not decided yet, and the agent does not wait. */
export type Decision = 'approve' | 'deny' | 'ignore' | 'later'

/** The person who holds the phone. */
export interface Person {
  decide(question: PendingRequest): Promise<Decision>
  /** True if the person has already answered, such as on a page. @default the answer is given in their place */
  readonly answersThemselves?: true
}

/** Answers the questions in order, as listed; `later` after the end of the list. */
export function scriptedPerson(...decisions: readonly Decision[]): Person {
  const left = [...decisions]
  return { decide: async () => left.shift() ?? 'later' }
}

/** A person at this terminal. */
export interface TerminalPerson extends Person {
  /** Lets the process end. */
  close(): void
}

/** Asks at the terminal. Any answer except a clear yes is a denial, as is the end of input. */
export function personAtTerminal(): TerminalPerson {
  // Uses one reader for all questions: lines that were typed early belong to the next one.
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
