import type { Identity, Json, Slot } from '../contract/index.ts'
import { canonicalJson, type KeyedHash } from '../lib/index.ts'

/** What a run is bound to: if any of it differs, it is another run and another question (A1). */
export interface BindingParts {
  readonly identity: Identity
  readonly agent: string
  readonly tool: string
  readonly policyVersion: string
  /** Parsed, plain and frozen. */
  readonly input: Json
}

/** The binding of a call, as a keyed hash: equal for equal meaning, telling nothing about it. */
export function bindingOf(
  { identity, agent, tool, policyVersion, input }: BindingParts,
  hash: KeyedHash,
): Promise<string> {
  return hash(
    canonicalJson({
      v: 1,
      issuer: identity.issuer,
      tenant: identity.tenant ?? null,
      subject: identity.kind === 'user' ? identity.subject : null,
      client: identity.clientId ?? null,
      // Outermost only: RFC 8693 §4.1 keeps nested actors out of decisions.
      actor:
        identity.kind === 'user' && identity.actor !== undefined
          ? [identity.actor.issuer ?? null, identity.actor.subject]
          : null,
      agent,
      tool,
      policy: policyVersion,
      input,
    }),
  )
}

/** The key under which a slot finds its run. Holds the binding: other arguments, or another user, find nothing. */
export async function slotKey(slot: Slot, binding: string, hash: KeyedHash): Promise<string> {
  const parts = typeof slot === 'string' ? [slot] : [slot[0], slot[1]]
  return `slot:${await hash(canonicalJson(['slot', parts, binding]))}`
}

/** The same on every try of one run, and of no other. */
export function idempotencyKey(id: string, binding: string, hash: KeyedHash): Promise<string> {
  return hash(canonicalJson(['idempotency', id, binding]))
}
