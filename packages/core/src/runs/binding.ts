import { type Identity, type Json, principalKey, type Slot } from '../base/contract/index.ts'
import { canonicalJson, type KeyedHash } from '../base/values/index.ts'

/** The owner and the tool of a call. Client, actor, delegation and policy version are fields of the record (A12). */
interface CallName {
  readonly identity: Identity
  readonly agent: string
  readonly tool: string
}

/** The input of a call, as equal calls have it. */
export interface ComparedInput {
  readonly input: Json
  /** Paths of the values that are left out, since the schema fills them in differently each time. */
  readonly varying?: readonly (readonly string[])[]
}

/** The key under which equal runs are found: those that would do the same for the same principal. */
export function bindingOf(call: CallName & ComparedInput, hash: KeyedHash): Promise<string> {
  const { input, varying = [] } = call
  return hash(canonicalJson(['binding', ...nameOf(call), input, ...(varying.length > 0 ? [varying] : [])]))
}

/**
 * Returns the key under which one attempt finds its run. It contains the raw input. So a schema with a random default
 * does not change it, and other arguments find no run.
 */
export async function slotKey(
  call: CallName & { readonly slot: Slot; readonly rawInput: Json },
  hash: KeyedHash,
): Promise<string> {
  const { slot, rawInput } = call
  const parts = typeof slot === 'string' ? [slot] : [slot[0], slot[1]]
  return `slot:${await hash(canonicalJson(['slot', ...nameOf(call), parts, rawInput]))}`
}

/** Returns the idempotency key of a run: the same in every attempt, and different for other runs. */
export function idempotencyKey(id: string, binding: string, hash: KeyedHash): Promise<string> {
  return hash(canonicalJson(['idempotency', id, binding]))
}

function nameOf({ identity, agent, tool }: CallName): readonly Json[] {
  return [principalKey(identity), agent, tool]
}
