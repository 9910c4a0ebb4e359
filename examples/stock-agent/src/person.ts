import { createInterface } from 'node:readline'
import type { PendingRequest } from '@behalf/testing'

/** What a person does with a question. `later`: nothing yet, and the agent does not wait. */
export type Decision = 'approve' | 'deny' | 'ignore' | 'later'

/** Whoever holds the phone. */
export interface Person {
  decide(question: PendingRequest): Promise<Decision>
}

/** Answers one question after the other as written down; `later` when the list is at its end. */
export function scriptedPerson(...decisions: readonly Decision[]): Person {
  const left = [...decisions]
  return { decide: async () => left.shift() ?? 'later' }
}

/** Asks at the terminal. Anything but a clear yes is a no, the end of input included. */
export function personAtTerminal(): Person {
  return {
    async decide() {
      const lines = createInterface({ input: process.stdin, output: process.stdout })
      try {
        const answer = await new Promise<string>((resolve) => {
          lines.question('      Approve? [y/N] ', resolve)
          lines.once('close', () => resolve(''))
        })
        return /^y(es)?$/i.test(answer.trim()) ? 'approve' : 'deny'
      } finally {
        lines.close()
      }
    },
  }
}
