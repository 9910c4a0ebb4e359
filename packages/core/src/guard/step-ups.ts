import * as z from 'zod/mini'
import type { UserIdentity } from '../contract/index.ts'
import { Collection, type OpenedStore } from '../lib/index.ts'

/** What an API asked for and nobody answered is forgotten after this long. Seconds. */
export const STALE_AFTER_SECONDS = 15 * 60

const text = z.string()
const keptStepUp = z.object({
  v: z.literal(1),
  id: text,
  /** As the policy names it. */
  credential: text,
  scopes: z.optional(z.array(text)),
  acrValues: z.optional(z.array(text)),
  maxAge: z.optional(z.number()),
  /** Epoch seconds. */
  at: z.number(),
})
export type KeptStepUp = z.infer<typeof keptStepUp>

/** What is kept of step-ups, and what this process knows of them. */
export interface StepUps {
  readonly records: Collection<KeptStepUp>
  /** Epoch seconds, by the clock of the store. */
  readonly now: () => number
  /** Until when one that it kept or met may be open: meanwhile calls that ask no store look for it too. Epoch milliseconds. */
  until: number
  /** Their names in the store, by tool and credential. An identity is frozen, so what it hashes to stays. */
  readonly keys: WeakMap<UserIdentity, Map<string, string>>
}

export function stepUpsIn(opened: OpenedStore, now: () => number): StepUps {
  const records = new Collection<KeptStepUp>(opened, {
    kind: 'step-up',
    schema: keptStepUp,
    ends: () => ({ expiresInSeconds: STALE_AFTER_SECONDS }),
  })
  return { records, now, until: 0, keys: new WeakMap() }
}
