import type { DenyCode } from '@behalf/core'
import type { CallEvent } from '@behalf/core/audit'
import type { SandboxEvent } from '../events/index.ts'
import { conditionRemedies, refusedChecks, relationRemedy } from './refused-checks.ts'
import { decisiveStep } from './verdict-of-call.ts'

/** Steps that a developer can take about a call that did not complete. */
export interface Remedy {
  /** Meaning of the outcome. */
  readonly means: string
  /** Steps to take, in order. */
  readonly todo: readonly string[]
  /** A program that shows more. Absent if the trace is complete. */
  readonly code?: string
}

type Entry = readonly [means: string, ...todo: string[]]

/** Entries by the code of a denial. */
const DENIALS: Readonly<Record<string, Entry>> = {
  no_policy: [
    'The guard has no policy for this tool.',
    'Define the tool with defineTool() or policy(), and pass it to the guard.',
  ],
  invalid_input: [
    'The input does not fit the schema of the tool.',
    'Compare the step “input” with the schema.',
    'Say in the description of each field what the model may write.',
  ],
  identity_not_verified: [
    'The call has no identity that was verified in this process.',
    'Pass what verifyRequest() or verifyAccessToken() returned, and not a copy of it.',
  ],
  role_missing: [
    'The roles of the user do not allow a scope or a role that the tool needs.',
    'Give the user the role at the provider (in the sandbox: “roles” of the seed), or',
    'add the scope to a role in roleMap(), or',
    'ask for fewer scopes in the policy.',
  ],
  not_permitted: [
    'The permissions, or the scopes of the user’s own token, do not allow this call.',
    'Or call the tool with an object that this user and this agent may use.',
  ],
  approval_denied: [
    'The approver denied the request.',
    'Ask the user before the agent tries again: an equal call can be asked once more after a minute.',
  ],
  approval_expired: [
    'No one answered in time, or the approval was used too late.',
    'Call the tool again in a new slot.',
    'If people need more time, raise approval.lifetimeSeconds or approval.useWithinSeconds.',
  ],
  approval_failed: [
    'The answer could not be verified.',
    'Read the step “approval”, and the refusals of the servers below.',
  ],
  approval_not_sent: [
    'The question did not reach a person.',
    'Read the step “approval”, and the refusals of the servers below.',
    'Check that the message fits the channel: CIBA takes short and plain messages.',
  ],
  approval_cancelled: ['The request was cancelled.', 'Call the tool again in a new slot.'],
  revoked: ['The access behind this call was revoked.', 'Let the user log in again, and use the new identity.'],
  delegation_exceeded: [
    'The call exceeds what the user delegated.',
    'Create a delegation that names this tool and these scopes, with the user present.',
  ],
  unknown_outcome: [
    'An earlier try began, and its result is unknown. It is not run again.',
    'Check at the API whether it took effect.',
    'Then resolve the run as its owner, or as operator with guard.asOperator().',
  ],
  too_many_attempts: [
    'It was tried three times, and gave no result.',
    'Check at the API whether a try took effect.',
    'Fix the cause, and call the tool in a new slot.',
  ],
  misconfigured: [
    'The guard lacks an option that the policy needs, or the policy asks for more than the agent may ever have.',
    'Change the option or the policy as the step that decided says.',
  ],
} satisfies Readonly<Record<DenyCode, Entry>>

const STOPS: Readonly<Record<string, Entry>> = {
  unavailable: [
    'A service did not answer, or an equal call is under way.',
    'Look at the step that decided, and at the faults that are set.',
    'Make the same call again.',
  ],
  threw: [
    'The body of the tool threw an error. Your app gets the error, the console does not.',
    'Read the log of your app, and the requests below.',
  ],
  aborted: ['The call was aborted by its signal, or its stream was not read to the end.', 'Make the same call again.'],
}

const RULE_THREW: Entry = ['A rule of the policy threw an error.', 'Fix the rule: the trace has the stack.']

const WAITS: Readonly<Record<string, Entry>> = {
  identity: ['The user has to log in.', 'Send the user to the login, and call again with the new identity.'],
  connection: [
    'The user has to connect an account.',
    'Show the user the page of the connection, and make the same call again.',
  ],
  approval: ['A person has to answer.', 'Answer on the phone. The app then makes the same call again.'],
}

const SCOPES = /is not within/

/**
 * Returns the remedy. `undefined`: the call completed.
 * @param seen - Events of the servers during the call, oldest first.
 */
export function remedyOf(event: CallEvent, tool: string, seen: readonly SandboxEvent[]): Remedy | undefined {
  const decisive = decisiveStep(event)
  const { step = '', detail = '', stack } = decisive ?? {}
  const found = stack === undefined ? entryOf(event, step) : RULE_THREW
  if (found === undefined) return undefined
  const [means, ...more] = found
  const refused = event.code === 'not_permitted' && decisive !== undefined ? refusedChecks(decisive, seen) : []
  const checks = refused.map((check) => ({ check, conditions: conditionRemedies(check) }))
  const todo = checks.flatMap(({ check, conditions }) => (conditions.length > 0 ? conditions : [relationRemedy(check)]))
  const isAboutScopes = event.code === 'role_missing' || SCOPES.test(detail)
  const refusal = checks.some(({ conditions }) => conditions.length > 0) ? CONDITION : REFUSED
  return {
    means: refused.length > 0 ? refusal : means,
    todo: [...todo, ...more],
    ...(isAboutScopes && { code: explainCode(tool) }),
  }
}

function entryOf({ status, code = '' }: CallEvent, step: string): Entry | undefined {
  const [table, key] =
    status === 'denied' ? [DENIALS, code] : status === 'interrupted' ? [WAITS, step] : [STOPS, status]
  if (Object.hasOwn(table, key)) return table[key]
  return status === 'denied' ? ['The guard refused the call.', 'Read the step that decided.'] : undefined
}

const REFUSED = 'OpenFGA does not allow this call.'
const CONDITION = 'OpenFGA has a relation for this call, and its condition does not hold.'

/** Names the table that lacks a scope. The policy is known to the app alone. */
const explainCode = (tool: string): string => `import { explainAccess } from '@behalf/core/roles'

// With the identity of the call, and the options of your guard:
const { text } = explainAccess({ ${JSON.stringify(tool)}: policy }, { identity, agent, roles })
console.log(text)`
