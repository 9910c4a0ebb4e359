import { type ProtocolTarget, TestingError } from '@behalf/testing'
import { type SandboxSeed, upstreamOf } from '../target/index.ts'

/** A user who may sign in. */
export interface SandboxPerson {
  /** `sub` at the app's issuer. */
  readonly subject: string
  /** Full name. @default the subject, for people of a seed */
  readonly name: string
  /** Their portfolio at the Stock Trade API. */
  readonly portfolio: string
  /** `sub` at the upstream. */
  readonly upstreamSubject: string
}

const NAMES: Readonly<Record<string, string>> = { ann: 'Ann Archer', bob: 'Bob Baker' }

export function peopleOf({ users }: ProtocolTarget, { users: seeded = [] }: SandboxSeed): readonly SandboxPerson[] {
  return [
    ...Object.values(users).map(({ subject, portfolio, upstreamSubject }) => ({
      subject,
      name: NAMES[subject] ?? subject,
      portfolio,
      upstreamSubject,
    })),
    ...seeded.map(({ subject, name = subject }) => ({
      subject,
      name,
      portfolio: `p-${subject}`,
      upstreamSubject: upstreamOf(subject),
    })),
  ]
}

/** @throws TestingError There is no such person. */
export function personOf(people: readonly SandboxPerson[], subject: string): SandboxPerson {
  const person = people.find((one) => one.subject === subject)
  if (person !== undefined) return person
  throw new TestingError(`there is no ${subject}; there are ${people.map((one) => one.subject).join(', ')}`)
}
