import type { Attributes } from '@opentelemetry/api'
import type { Actor, AuditEvent } from '../contract/index.ts'
import { defined } from '../values/options.ts'

/** Returns the attributes of every event. None of them is about a person, unless the app requests personal data. */
export function attributesOf(event: AuditEvent, personalData: boolean): Attributes {
  const { principal } = event
  return defined({
    'behalf.tool': event.tool,
    'behalf.agent': event.agent,
    'behalf.call_id': event.callId,
    'behalf.policy_version': event.policyVersion,
    'behalf.approval_id': event.approvalId,
    'behalf.issuer': principal?.issuer,
    'behalf.client_id': principal?.clientId,
    'behalf.delegation_id': principal?.delegationId,
    ...(personalData && {
      'behalf.tenant': principal?.tenant,
      'behalf.subject': principal?.subject,
      'behalf.actors': principal?.actor && actorNames(principal.actor),
    }),
  })
}

/** Returns the names of an actor and its inner actors, outermost first. */
export function actorNames(actor: Actor): string[] {
  const names: string[] = []
  for (let at: Actor | undefined = actor; at !== undefined; at = at.actor) names.push(at.subject)
  return names
}
