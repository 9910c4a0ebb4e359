import { type Entry, idempotencyKey } from '../approvals/index.ts'
import type { Environment } from './environment.ts'
import type { Stop } from './stop.ts'

/** Nobody here knows what came of a run; with its key, the API may. */
export async function unknownOutcome({ record }: Entry, detail: string, { ledger }: Environment): Promise<Stop> {
  const key = await idempotencyKey(record.id, record.binding, ledger.hash)
  return { status: 'denied', code: 'unknown_outcome', detail, idempotencyKey: key }
}
