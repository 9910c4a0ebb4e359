import { type Attributes, context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Actor, AuditEvent, CallEvent } from '../contract/index.ts'
import type { AuditSink } from '../ports.ts'
import { defined, refuseUnknownKeys, requireBoolean } from '../values/options.ts'

/** Returns the attributes of every event. None of them is about a person, unless the app requests personal data. */
function attributesOf(event: AuditEvent, personalData: boolean): Attributes {
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
function actorNames(actor: Actor): string[] {
  const names: string[] = []
  for (let at: Actor | undefined = actor; at !== undefined; at = at.actor) names.push(at.subject)
  return names
}

/** Options of `openTelemetrySink`. */
export interface OpenTelemetrySinkOptions {
  /** @default a tracer of the provider that the app registered with OpenTelemetry, named after this package */
  readonly tracer?: Tracer
  /**
   * Whether to include subjects, tenants, actors, messages, and the question and answer of each step.
   * @default false
   */
  readonly personalData?: boolean
}

/**
 * Makes an audit sink that creates spans: one for each call with its steps inside, one for each token, and a short one
 * for each new state of an approval. Their parent is the span that is active where the call was made.
 *
 * By default, no attribute identifies the user. Spans are created from events, after a call was decided, so requests of
 * the body are not their children. See {@link tracedFetch} for exchanges, polls and refreshes as requests.
 *
 * @throws ConfigurationError An option is unknown or wrong.
 */
export function openTelemetrySink(options: OpenTelemetrySinkOptions = {}): AuditSink {
  refuseUnknownKeys('openTelemetrySink', options, ['tracer', 'personalData'])
  const { tracer: given, personalData = false } = options
  requireBoolean('openTelemetrySink.personalData', personalData)
  return {
    write(event: AuditEvent): void {
      // Read at each event: a provider may be registered later.
      const tracer = given ?? trace.getTracer('@behalf/core')
      if (event.type === 'call') {
        callSpan(tracer, event, personalData)
        return
      }
      const { name, startedAt = event.at, attributes } = spanOf(event, personalData)
      tracer
        .startSpan(name, { startTime: startedAt, attributes: { ...attributesOf(event, personalData), ...attributes } })
        .end(event.at)
    },
  }
}

interface Described {
  readonly name: string
  /** Epoch milliseconds. */
  readonly startedAt?: number | undefined
  readonly attributes: Attributes
}

function spanOf(event: Exclude<AuditEvent, CallEvent>, personalData: boolean): Described {
  switch (event.type) {
    case 'token':
      return {
        name: `behalf.token ${event.source}`,
        startedAt: event.startedAt,
        attributes: defined({
          'behalf.token.source': event.source,
          'behalf.token.audience': event.audience,
          'behalf.token.scopes': [...event.scopes],
          'behalf.token.semantics': event.semantics,
          'behalf.token.expires_at': event.expiresAt,
          ...(personalData && { 'behalf.token.actors': event.actor && actorNames(event.actor) }),
        }),
      }
    case 'approval':
      return {
        name: `behalf.approval ${event.state}`,
        attributes: defined({
          'behalf.approval.state': event.state,
          'behalf.approval.enforced_by': event.enforcedBy,
          ...(personalData && {
            'behalf.approval.approver': event.approver?.subject,
            'behalf.approval.message': event.message,
          }),
        }),
      }
    case 'raw_token':
      return { name: 'behalf.raw_token', attributes: { 'behalf.credential': event.credential } }
    case 'delegation':
      return {
        name: `behalf.delegation ${event.action}`,
        attributes: defined({
          'behalf.delegation_id': event.delegationId,
          'behalf.delegation.action': event.action,
          'behalf.code': event.code,
        }),
      }
    case 'operator':
      return {
        name: `behalf.operator ${event.action}`,
        attributes: defined({
          'behalf.operator.action': event.action,
          ...(personalData && {
            'behalf.operator.name': event.operator,
            'behalf.operator.revoked': event.revoked?.subject,
          }),
        }),
      }
    default:
      // A kind of event that is newer than this sink.
      return { name: `behalf.${String((event as { readonly type: unknown }).type)}`, attributes: {} }
  }
}

function callSpan(tracer: Tracer, event: CallEvent, personalData: boolean): void {
  const { startedAt = event.at } = event.trace
  const span = tracer.startSpan(`behalf.call ${event.tool}`, {
    startTime: startedAt,
    attributes: {
      ...attributesOf(event, personalData),
      ...defined({
        'behalf.phase': event.phase,
        'behalf.status': event.status,
        'behalf.code': event.code,
        'behalf.mode': event.trace.mode,
        'behalf.policy_version': event.policyVersion ?? event.trace.policyVersion,
      }),
    },
  })
  // A refusal is a normal outcome of a guard. These two need an operator.
  if (event.status === 'unavailable' || event.status === 'threw') span.setStatus({ code: SpanStatusCode.ERROR })
  stepSpans(tracer, span, event, personalData)
  span.end(event.at)
}

/** Creates the spans of the steps. Each step lasts from the end of the one before it. */
function stepSpans(tracer: Tracer, parent: Span, { trace: steps, at }: CallEvent, personalData: boolean) {
  const inside = trace.setSpan(context.active(), parent)
  let begun = steps.startedAt ?? at
  for (const { step, verdict, detail, at: ended = at } of steps.steps) {
    const attributes = {
      'behalf.step': step,
      'behalf.verdict': verdict,
      ...(personalData && { 'behalf.detail': detail }),
    }
    tracer.startSpan(`behalf.step ${step}`, { startTime: begun, attributes }, inside).end(ended)
    begun = ended
  }
}
