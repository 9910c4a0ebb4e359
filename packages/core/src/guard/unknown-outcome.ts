import { type Entry, idempotencyKey } from '../approvals/index.ts'
import type { Runs } from './guard-parts.ts'
import type { Refusal } from './refusal.ts'

/** Refuses a run whose outcome is unknown. With its idempotency key, the API may know it. */
export async function unknownOutcome({ record }: Entry, detail: string, { ledger }: Runs): Promise<Refusal> {
  const key = await idempotencyKey(record.id, record.binding, ledger.hash)
  return { status: 'denied', code: 'unknown_outcome', detail, idempotencyKey: key }
}
