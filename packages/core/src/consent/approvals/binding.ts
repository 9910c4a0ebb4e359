import { type Identity, type Json, principalKey, type Slot } from '../../base/contract/index.ts'
import { canonicalJson, type KeyedHash } from '../../base/values/index.ts'

/** Whose call of which tool it is. Client, actor, delegation and policy version are fields of the record (A12). */
interface CallName {
  readonly identity: Identity
  readonly agent: string
  readonly tool: string
}

/** The key under which equal runs are found: those that would do the same for the same principal. */
export function bindingOf(call: CallName & { readonly input: Json }, hash: KeyedHash): Promise<string> {
  return hash(canonicalJson(['binding', ...nameOf(call), call.input]))
}

/**
 * The key under which one attempt finds its run. Holds the raw input, so that a schema with a random default gives an
 * attempt no second name, and other arguments find nothing.
 */
export async function slotKey(
  call: CallName & { readonly slot: Slot; readonly rawInput: Json },
  hash: KeyedHash,
): Promise<string> {
  const { slot, rawInput } = call
  const parts = typeof slot === 'string' ? [slot] : [slot[0], slot[1]]
  return `slot:${await hash(canonicalJson(['slot', ...nameOf(call), parts, rawInput]))}`
}

/** The same on every try of one run, and of no other. */
export function idempotencyKey(id: string, binding: string, hash: KeyedHash): Promise<string> {
  return hash(canonicalJson(['idempotency', id, binding]))
}

function nameOf({ identity, agent, tool }: CallName): readonly Json[] {
  return [principalKey(identity), agent, tool]
}
