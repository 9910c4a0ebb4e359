import * as z from 'zod/mini'
import { principalKey, type UserIdentity } from '../../base/contract/index.ts'
import { BehalfError, type StepUpRequiredError } from '../../base/errors/index.ts'
import { TOLERANCE_SECONDS } from '../../base/ports.ts'
import { isLoginAsAsked } from '../../identity/wire.ts'
import { Collection, type OpenedStore } from '../../records/index.ts'
import { provenAtOf } from '../../records/revocation/index.ts'
import type { RunStore } from '../../runs/run-store.ts'
import type { AdmittedCall, PermittedCall } from '../call/call.ts'
import type { Phase } from '../call/call-report.ts'
import { deny, interrupted, type Refusal } from '../call/refusal.ts'
import type { PolicyDefinition } from '../tools/policy-definition.ts'

/** Maximum number of errors that are read: bodies and their libraries wrap errors, and gather those of parallel work. */
const MAX_ERRORS = 64

type AskedStepUp = Pick<StepUpRequiredError, 'stepUp' | 'credential'>

/** Returns the step-up that an API requested while the body ran, if that is why the body threw. */
export function stepUpOfError(thrown: unknown): AskedStepUp | undefined {
  try {
    const errors = [thrown]
    for (const error of errors) {
      if (BehalfError.isInstance(error) && error.code === 'ERR_STEP_UP_REQUIRED' && 'stepUp' in error) {
        return error as unknown as AskedStepUp
      }
      if (!(error instanceof Error)) continue
      errors.push(error.cause, ...('errors' in error && Array.isArray(error.errors) ? error.errors : []))
      errors.length = Math.min(errors.length, MAX_ERRORS)
    }
  } catch {
    // A proxy, or a getter of the body's: it demands nothing, and its run still ends.
  }
  return undefined
}

/** Stores the step-up under owner, tool and credential, where the next preflight in any process finds it (E5). */
export async function keepStepUp(call: AdmittedCall, asked: AskedStepUp, stepUps: StepUps): Promise<void> {
  const { identity, policy, invocation } = call
  if (identity?.kind !== 'user') return
  const names = credentialNames(policy)
  const credential = names.find((name) => name === asked.credential) ?? names[0]
  // A read without credentials never checks for step-ups, so no step-up is stored for it.
  if (credential === undefined) return
  const { scopes, acrValues, maxAge } = asked.stepUp
  const kept: KeptStepUp = {
    v: 1,
    id: crypto.randomUUID(),
    credential,
    scopes: scopes && [...scopes],
    acrValues: acrValues && [...acrValues],
    maxAge,
    exempt: call.grantable?.approvalCase === 'exempt',
    at: await stepUps.clocks.storeNow(),
  }
  lookOut(stepUps)
  // The last demand replaces the others.
  await stepUps.records.change(await keyOf(invocation.tool, identity, credential, stepUps), () => kept)
}

/** Returns whether a step-up may be open for this call. A preflight and a write always read the store. */
export function mayAwaitStepUp(call: PermittedCall, phase: Phase, stepUps: StepUps): boolean {
  const { policy, identity, checkedAt } = call
  // Stryker disable next-line EqualityOperator: A difference of one millisecond in fifteen minutes, which the store counts from a later moment anyway.
  const looks = phase === 'preflight' || policy.effect === 'write' || checkedAt < stepUps.until
  // Stryker disable next-line ConditionalExpression,EqualityOperator: Only saves work: `awaitedStepUp` reads the names of this policy only, and only for users.
  return looks && identity.kind === 'user' && credentialNames(policy).length > 0
}

/** Returns the interrupt of a step-up that is neither answered nor stale. Deletes an answered one. */
export async function awaitedStepUp(call: PermittedCall, stepUps: StepUps): Promise<Refusal | undefined> {
  const { identity, policy, invocation } = call
  if (identity.kind !== 'user') return undefined
  for (const credential of credentialNames(policy)) {
    const found = await stepUps.records.get(await keyOf(invocation.tool, identity, credential, stepUps))
    if (!found) continue
    if (!isAnswered(found.record, identity, stepUps.clocks.now())) {
      lookOut(stepUps)
      const refusal = stepUpRefusal(found.record, call)
      if (refusal) return refusal
    } else await stepUps.records.delete(found)
  }
  return undefined
}

/**
 * Returns whether the demand is met (RFC 9470 §3). The identity shows another level or a newer login. Other demands may
 * have been met by a newer login.
 */
function isAnswered({ acrValues, maxAge, at }: KeptStepUp, identity: UserIdentity, now: number): boolean {
  if (acrValues !== undefined || maxAge !== undefined) {
    return isLoginAsAsked(identity, { acrValues, maxAge }, now, TOLERANCE_SECONDS)
  }
  // Uses the issuer's time of the login, if there is one. A renewal of the session is not a login.
  const provenAt = identity.authTime ?? provenAtOf(identity)
  return provenAt !== undefined && provenAt > at && provenAt <= now + TOLERANCE_SECONDS
}

/**
 * No login brings a scope that only an approval brings. So an exempt call that lacked it is refused; other calls have it,
 * and do not wait. If the API refuses one of those too, its demand is asked of the user.
 */
function stepUpRefusal(
  { id, credential, scopes, acrValues, maxAge, exempt }: KeptStepUp,
  call: PermittedCall,
): Refusal | undefined {
  const rule = call.policy.access.find(([name]) => name === credential)?.[1]
  const scope = exempt && scopes?.find((one) => rule?.scopes.includes(one))
  if (scope && call.grantable.approvalCase === 'exempt') {
    return deny('misconfigured', `approval.when must ask for what needs ${scope}`)
  }
  if (scope && (acrValues ?? maxAge) === undefined) return undefined
  const asked = { scopes, acrValues, maxAge }
  return interrupted(`an API asked for more than ${credential || 'the call'} has: ${JSON.stringify(asked)}`, {
    kind: 'step_up_required',
    id,
    message: 'Sign in again to continue.',
    ...asked,
    connection: rule?.kind === 'connection' ? rule.connection : undefined,
  })
}

/** Names the credentials that may have a step-up. A `write` without credentials may throw one of its own. */
function credentialNames({ access, effect }: PolicyDefinition): readonly string[] {
  if (access.length === 0 && effect === 'write') return ['']
  return access.map(([name]) => name)
}

/** Maximum number of remembered names of one identity: an app may use any string as a tool's name. */
const MAX_KEYS = 256

/**
 * Returns the name of a step-up. Each preflight reads it, and hashing costs more than the rest, so it is hashed once
 * per identity.
 */
async function keyOf(
  tool: string,
  identity: UserIdentity,
  credential: string,
  { keys, records }: StepUps,
): Promise<string> {
  const known = keys.get(identity) ?? new Map<string, string>()
  // The length separates the parts: names may contain any character.
  const name = `${tool.length} ${tool}${credential}`
  const found = known.get(name)
  // Stryker disable next-line ConditionalExpression: Only saves hashing the same name again, in limited memory. The key is the same.
  if (found !== undefined) return found
  const key = await records.keyOf(principalKey(identity), identity.clientId, tool, credential)
  // Stryker disable next-line EqualityOperator: Only saves hashing the same name again, in limited memory. The key is the same.
  if (known.size >= MAX_KEYS) known.clear()
  keys.set(identity, known.set(name, key))
  return key
}

/** Lets calls that do not use the store look for a step-up too. */
function lookOut(stepUps: StepUps): void {
  stepUps.until = (stepUps.clocks.now() + STALE_AFTER_SECONDS) * 1000
}

/** Lifetime of an unanswered demand of an API, in seconds. */
const STALE_AFTER_SECONDS = 15 * 60

const text = z.string()
const keptStepUp = z.object({
  v: z.literal(1),
  id: text,
  /** Name of the credential in the policy. */
  credential: text,
  scopes: z.optional(z.array(text)),
  acrValues: z.optional(z.array(text)),
  maxAge: z.optional(z.number()),
  /** Whether the call that lacked it was exempt from the approval. */
  exempt: z.optional(z.boolean()),
  /** Epoch seconds, by the clock of the store: that of the process would let an older login answer, or no newer one. */
  at: z.number(),
})
export type KeptStepUp = z.infer<typeof keptStepUp>

/** Stored step-ups, and the state that this process knows of them. */
export interface StepUps {
  readonly records: Collection<KeptStepUp>
  /** Those of this process and of the store. Epoch seconds. */
  readonly clocks: Pick<RunStore, 'now' | 'storeNow'>
  /**
   * Time until which a step-up may be open. Until then, calls that do not use the store check for it too. Epoch
   * milliseconds.
   */
  until: number
  /** Names in the store, by tool and credential. An identity is frozen, so its hash does not change. */
  readonly keys: WeakMap<UserIdentity, Map<string, string>>
}

export function stepUpsIn(opened: OpenedStore, clocks: StepUps['clocks']): StepUps {
  const records = new Collection<KeptStepUp>(opened, {
    kind: 'step-up',
    schema: keptStepUp,
    ends: () => ({ expiresInSeconds: STALE_AFTER_SECONDS }),
  })
  return { records, clocks, until: 0, keys: new WeakMap() }
}
