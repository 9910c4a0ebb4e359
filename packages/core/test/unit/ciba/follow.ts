import { memoryStore } from '../../../src/records/memory-store.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import type { Entry, StoredQuestion } from '../../../src/runs/record.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import { openRunStore } from '../../../src/runs/run-store.ts'
import { record } from '../runs/harness.ts'
import { type backchannel, question } from './backchannel.ts'

type Target = Awaited<ReturnType<typeof backchannel>>

/** One approval over the channel, polled every second, as an agent that waits would. */
export async function follow(
  { channel, context, clock }: Target,
  over: Partial<StoredQuestion> & { readonly seconds?: number } = {},
) {
  const { seconds = 120, ...fields } = over
  const store = memoryStore({ clock })
  const runStore = openRunStore({ store, clock })
  const { message, details, credential, approver, expiresAt } = question(clock)
  const asked: StoredQuestion = {
    id: 'question-1',
    message,
    details,
    approver,
    expiresAt,
    channel: 'default',
    policyVersion: '1',
    ...(credential !== undefined && { credential }),
    ...fields,
  }
  const created = await runStore.create(
    record('a-1', {
      question: asked,
      owner: { issuer: approver.issuer, subject: approver.subject, clientId: 'agent-app' },
      createdAt: clock.now() / 1000,
    }),
  )
  let entry = created as Entry
  const again = async () => {
    entry = (await advanceRun(runStore, entry, channel, context)).entry
    return entry.record
  }
  for (let second = 0; second <= seconds; second++) {
    await again()
    if (stateOf(entry.record) !== 'pending' && stateOf(entry.record) !== 'requested') break
    clock.advance(1)
  }
  return { record: entry.record, runStore, store, again }
}
