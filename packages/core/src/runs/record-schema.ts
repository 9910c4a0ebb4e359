import * as z from 'zod/mini'
import { ownerSchema, principalSchema } from '../records/principal-schema.ts'
import { states } from './record.ts'

const text = z.string()
const seconds = z.number()
const json = z.json()
const scopes = z.array(text)

const actor = z.looseObject({ subject: text })

const question = z.object({
  id: text,
  approver: principalSchema,
  message: text,
  details: z.array(z.looseObject({ type: text })),
  channel: text,
  client: z.optional(text),
  credential: z.optional(z.object({ resource: text, scopes })),
  expiresAt: seconds,
  toldInDoubt: z.optional(z.array(text)),
  useWithinSeconds: z.optional(seconds),
  askAgainAfterSeconds: z.optional(seconds),
  maxSends: z.optional(z.number()),
})

const result = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('json'), value: json }),
  z.object({ kind: z.literal('undefined') }),
  z.object({ kind: z.literal('not_storable') }),
])

/** Schema of a stored run. */
export const runRecord = z.object({
  v: z.literal(1),
  id: text,
  state: z.enum(states),
  binding: text,
  tool: text,
  policyVersion: text,
  owner: ownerSchema,
  actor: z.optional(actor),
  delegationId: z.optional(text),
  sessionIds: z.optional(z.array(text)),
  provenAt: z.optional(seconds),
  accounts: z.optional(z.record(text, text)),
  input: json,
  slots: z.array(text),
  perCall: z.boolean(),
  onCrash: z.enum(['report', 'retry']),
  createdAt: seconds,
  question: z.optional(question),
  delivery: z.optional(
    z.object({
      state: z.record(text, json),
      expiresAt: z.optional(seconds),
      interval: seconds,
      nextPollAt: seconds,
      sentAt: z.optional(seconds),
      pendingAt: z.optional(seconds),
      receivedAt: z.optional(seconds),
    }),
  ),
  sends: z.number(),
  replaced: z.optional(z.number()),
  note: z.optional(text),
  unsent: z.optional(z.boolean()),
  answeredAt: z.optional(seconds),
  foundAt: z.optional(seconds),
  evidence: z.optional(z.record(text, json)),
  usableUntil: z.optional(seconds),
  token: z.optional(
    z.object({
      value: text,
      scopes,
      expiresAt: z.optional(seconds),
      actor: z.optional(actor),
      keyThumbprint: z.optional(text),
    }),
  ),
  runner: z.optional(text),
  tries: z.optional(z.number()),
  startedAt: z.optional(seconds),
  inDoubtSince: z.optional(seconds),
  undeliveredSince: z.optional(seconds),
  endedAt: z.optional(seconds),
  result: z.optional(result),
  reopened: z.optional(z.boolean()),
  told: z.optional(z.boolean()),
})

const send = z.object({ by: text, run: text, question: text, at: seconds, until: seconds })

/** Schema of the list of what an approver was sent. */
export const sendList = z.object({ v: z.literal(1), sends: z.array(send) })

/** A question that was sent, or was about to be. `by`: its owner. Listed `until` then. Epoch seconds of the store. */
export type Send = z.infer<typeof send>

export type SendList = z.infer<typeof sendList>
