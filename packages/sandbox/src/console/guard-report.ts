import type { AuditEvent, Fault } from '@behalf/core'
import * as z from 'zod/mini'
import type { RequestFacts } from '../events/index.ts'
import type { HideSecrets } from './hide-secrets.ts'

const text = z.string()
const texts = z.array(text)
const time = z.number().check(z.gte(0), z.lte(8.64e15))
const id = text.check(z.regex(/^[\w-]{1,64}$/))

const Actor = z.object({
  subject: text,
  get actor() {
    return z.optional(Actor)
  },
})
const Principal = z.object({ issuer: text, subject: z.optional(text), clientId: z.optional(text) })

const Explanation = z.object({
  step: text,
  subject: text,
  verdict: text,
  reason: z.optional(text),
  get children() {
    return z.array(Explanation)
  },
})
const Step = z.object({
  step: text,
  verdict: z.enum(['passed', 'denied', 'interrupted', 'unavailable', 'would_deny']),
  detail: text,
  stack: z.optional(text),
  explanations: z.optional(z.array(Explanation)),
  at: z.optional(time),
})

const base = {
  v: z.literal(1),
  at: time,
  agent: text,
  tool: text,
  principal: z.optional(z.object({ ...Principal.shape, actor: z.optional(Actor), delegationId: z.optional(id) })),
  callId: z.optional(id),
  approvalId: z.optional(id),
}

/** Fields of audit events that the console shows. Others are left out. */
const Report = z.discriminatedUnion('type', [
  z.object({
    ...base,
    type: z.literal('call'),
    phase: z.enum(['preflight', 'run']),
    status: z.enum(['ready', 'done', 'replayed', 'denied', 'interrupted', 'unavailable', 'threw', 'aborted']),
    code: z.optional(text),
    trace: z.object({
      tool: text,
      startedAt: z.optional(time),
      mode: z.optional(z.literal('observe')),
      steps: z.array(Step),
    }),
  }),
  z.object({
    ...base,
    type: z.literal('token'),
    source: z.enum(['exchange', 'vault', 'approval']),
    audience: text,
    scopes: texts,
    actor: z.optional(Actor),
    semantics: z.optional(z.enum(['delegation', 'impersonation'])),
    expiresAt: z.optional(time),
    startedAt: z.optional(time),
  }),
  z.object({
    ...base,
    type: z.literal('approval'),
    approvalId: id,
    state: text,
    approver: z.optional(Principal),
    message: z.optional(text),
    enforcedBy: z.optional(z.enum(['server', 'sdk'])),
  }),
  z.object({ ...base, type: z.literal('raw_token'), credential: text }),
  z.object({
    ...base,
    type: z.literal('delegation'),
    action: z.enum(['created', 'used', 'refused', 'revoked']),
    delegationId: id,
    code: z.optional(text),
  }),
  z.object({
    ...base,
    type: z.literal('operator'),
    action: z.enum(['revoke', 'resolve', 'cancel']),
    operator: text,
    revoked: z.optional(z.object({ issuer: text, subject: z.optional(text), session: z.optional(text) })),
  }),
])

const FaultReport = z.object({
  kind: z.enum(['rule_threw', 'port_threw', 'result_not_stored', 'store_failed', 'unseen_request', 'effect_not_named']),
  tool: text,
  step: text,
  rule: z.optional(text),
  message: text,
  stack: z.optional(text),
  callId: z.optional(id),
})

const RequestReport = z.object({
  method: text,
  url: text,
  status: z.optional(z.int().check(z.gte(100), z.lte(999))),
  token: z.optional(z.object({ subject: text, audience: texts, scopes: texts, actors: texts })),
})

/** A report of a guard, as an event of the sandbox. */
export type GuardReport =
  | { readonly type: 'audited'; readonly event: AuditEvent }
  | { readonly type: 'guard_fault'; readonly fault: Fault }
  | ({ readonly type: 'request' } & RequestFacts)

/** Reads a program's report, and hides values that may be secrets. `undefined` if it is not a report. */
export function readReport(given: unknown, hide: HideSecrets): GuardReport | undefined {
  const shown = hide(given)
  const event = Report.safeParse(shown)
  if (event.success) return { type: 'audited', event: event.data as AuditEvent }
  const fault = FaultReport.safeParse(shown)
  if (fault.success) return { type: 'guard_fault', fault: fault.data as Fault }
  const request = RequestReport.safeParse(shown)
  return request.success ? { type: 'request', ...(request.data as RequestFacts) } : undefined
}
