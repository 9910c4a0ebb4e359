import { bodyPlans, type Command, deployChanges, jobBounds, oddities, proofs } from './commands.ts'
import { makers } from './draw-commands.ts'
import { edges } from './edges.ts'
import { faults } from './faults.ts'
import { issuerFaults } from './issuer.ts'
import { phoneLies } from './phones.ts'
import { providerFaults } from './provider.ts'

const each = (what: string, names: readonly string[]): readonly string[] => names.map((name) => `${what}: ${name}`)

/** What a long run has to reach: a part of the world that no sequence comes to is not tried at all. */
const expected: Readonly<Record<string, readonly string[]>> = {
  commands: each('command', Object.keys(makers) as readonly Command['do'][]),
  'kinds of calls': [
    ...each('body', bodyPlans),
    ...each('proof', proofs),
    ...each('odd', oddities),
    ...each('bounds', Object.keys(jobBounds)),
  ],
  deploys: each('change', deployChanges),
  phones: each('lie', phoneLies),
  'record states': [
    ...['requested', 'pending', 'approved', 'denied', 'expired', 'cancelled', 'revoked'],
    ...['running', 'completed', 'threw', 'crashed', 'failed'],
  ].map((state) => `state: ${state}`),
  // A run that was taken for dead, and whose runner comes back, too.
  'changes of state': edges(),
  'deny codes': [
    ...['not_permitted', 'approval_denied', 'approval_expired', 'approval_cancelled', 'revoked', 'delegation_exceeded'],
    ...['unknown_outcome', 'too_many_attempts', 'misconfigured', 'no_policy', 'invalid_input', 'identity_not_verified'],
    ...['role_missing', 'approval_failed', 'approval_not_sent'],
  ].map((code) => `outcome: denied ${code}`),
  interrupts: ['login_required', 'approval_pending', 'step_up_required', 'connection_required'].map(
    (kind) => `outcome: interrupted ${kind}`,
  ),
  'kept sessions': ['verified', 'login_required', 'ended'].map((answer) => `session: ${answer}`),
  accounts: [
    ...['connected', 'login_required', 'other_user', 'unavailable', 'provider'].map((answer) => `link: ${answer}`),
    ...['disconnected', 'not_found', 'all'].map((answer) => `disconnect: ${answer}`),
    ...['choice by the app', 'choice by the user: true', 'choice by the user: false'],
  ],
  operators: ['revoke the user', 'revoke the session', 'resolve', 'cancel'].map((act) => `operator: ${act}`),
  watcher: ['approved', 'denied', 'expired'].map((state) => `watcher: ${state}`),
  'fault points': [
    ...each('fault', ['kill', 'stand still']),
    ...['store', 'http'].flatMap((kind) =>
      each(
        'fault',
        faults.map((fault) => `${kind} ${fault}`),
      ),
    ),
    ...issuerFaults.map((fault) => `fault: issuer ${fault}`),
    ...each('fault', providerFaults),
  ],
}

/** What was reached, how often, and what was not. */
export function coverageOf(seen: ReadonlyMap<string, number>): { readonly report: string; readonly missing: number } {
  let missing = 0
  const lines = Object.entries(expected).map(([what, names]) => {
    const absent = names.filter((name) => !seen.has(name))
    missing += absent.length
    return `${what}: ${names.length - absent.length} of ${names.length}${absent.length > 0 ? `; never: ${absent.join(', ')}` : ''}`
  })
  const counts = [...seen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `  ${what}: ${times}`)
  return { report: [...lines, ...counts].join('\n'), missing }
}
