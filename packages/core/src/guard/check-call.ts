import type { Identity, Json } from '../contract/index.ts'
import { isVerified } from '../identity/verified.ts'
import { equalJson, snapshot } from '../lib/index.ts'
import { answerOf } from './answer-of.ts'
import { checkCallerScopes } from './caller-scopes.ts'
import { areConnected, checkConnections } from './check-connections.ts'
import { checkIdentity } from './check-identity.ts'
import { checkPermission } from './check-permission.ts'
import { checkRoles } from './check-roles.ts'
import type { Environment } from './environment.ts'
import { type ParsedInput, parseInput } from './parse-input.ts'
import type { Progress } from './progress.ts'
import { deny, revokedStop, type Stop } from './stop.ts'

/** A permission that was checked longer ago than this is checked again before the body. Milliseconds. */
const STALE_AFTER = 1_000

type Checked = Stop | undefined

/**
 * Steps 1 to 5, in order: what needs no I/O comes first, and a person is asked after all of them.
 *
 * Answers at once where nothing has to be waited for, since that is how most calls go.
 */
export function checkCall(progress: Progress, environment: Environment): Checked | Promise<Checked> {
  const parsing = parseInput(progress.definition.schema, progress.invocation.input, environment.maxInputBytes)
  if (!(parsing instanceof Promise)) return checkParsed(progress, parsing, environment)
  progress.suspended = true
  return parsing.then((parsed) => checkParsed(progress, parsed, environment))
}

function checkParsed(progress: Progress, parsed: ParsedInput, environment: Environment): Checked | Promise<Checked> {
  if ('problem' in parsed) return progress.stopped('input', deny('invalid_input', parsed.problem))
  const { rawInput } = progress.invocation
  const written = rawInput === undefined ? { value: parsed.raw } : snapshot(rawInput, environment.maxInputBytes)
  if ('problem' in written && written.isTooLarge === true) {
    return progress.stopped('input', deny('invalid_input', written.problem))
  }
  progress.input = parsed.input
  // Code may write what is no JSON, and what was parsed of it still names the run.
  progress.rawInput = 'problem' in written ? parsed.raw : written.value
  progress.passed('input', 'parsed')
  if (progress.definition.isPublic) return undefined
  progress.at = 'identity'
  const { revocations } = environment
  // What a write keeps (a run, a question) outlives the call: the names are read, and not the log.
  const isDurable = progress.definition.effect === 'write' && isVerified(progress.identity)
  if (!isDurable && revocations.isFresh(progress.checkedAt)) return checkCaller(progress, environment)
  progress.suspended = true
  const reading = isDurable
    ? revocations.findNow(progress.identity as Identity, progress.checkedAt)
    : revocations.refresh(progress.checkedAt, progress.identity)
  return reading.then(() => checkCaller(progress, environment))
}

/**
 * The stored input takes the place of the one that this call was parsed to: roles, permission and the approval rule are
 * asked about what will run (A12).
 */
export async function checkWithInput(progress: Progress, input: Json, environment: Environment): Promise<Checked> {
  const parsed = await parseInput(progress.definition.schema, input, environment.maxInputBytes)
  if ('problem' in parsed || !equalJson(parsed.input, input)) {
    return deny(
      'invalid_input',
      'the schema no longer accepts the stored input of this run: call again in another slot',
    )
  }
  progress.input = input
  progress.passed('input', 'the stored input of this run takes its place')
  return checkCaller(progress, environment)
}

/** Steps 2 to 5. */
function checkCaller(progress: Progress, environment: Environment): Checked | Promise<Checked> {
  const stranger = checkIdentity(progress, environment, progress.checkedAt)
  if (stranger !== undefined) return progress.stopped('identity', stranger)
  const lacking = checkCallerScopes(progress)
  if (lacking !== undefined) return progress.stopped('identity', lacking)
  progress.at = 'approval'
  progress.needsApproval = needsApproval(progress)
  progress.at = 'roles'
  const beyond = checkRoles(progress, environment)
  if (beyond !== undefined) return progress.stopped('roles', beyond)
  if (progress.definition.rules.permission !== undefined) return checkOutside(progress, environment)
  return progress.definition.hasConnections && !areConnected(progress, environment)
    ? checkOutside(progress, environment)
    : undefined
}

/** Steps 4 and 5: what somebody else has to be asked. */
async function checkOutside(progress: Progress, environment: Environment): Promise<Checked> {
  progress.suspended = true
  progress.at = 'permission'
  const forbidden = await checkPermission(progress, environment)
  if (forbidden !== undefined) return progress.stopped('permission', forbidden)
  if (!progress.definition.hasConnections || areConnected(progress, environment)) return undefined
  progress.at = 'connection'
  const unconnected = await checkConnections(progress, environment)
  return unconnected === undefined ? undefined : progress.stopped('connection', unconnected)
}

/**
 * Step 8, for a call that was suspended: what was right before a wait may be wrong after it.
 *
 * @param claims - Step 9 comes next: what was revoked meanwhile is read from the store (I9).
 */
export async function checkAgain(
  progress: Progress,
  environment: Environment,
  claims: boolean,
): Promise<Stop | undefined> {
  const { definition, identity } = progress
  // Stryker disable next-line ConditionalExpression: A public tool is a read without credentials and permission: it waits for nothing, and is not looked at again.
  if (definition.isPublic) return undefined
  const now = environment.clock.now()
  progress.at = 'again'
  // Stryker disable next-line ConditionalExpression: Step 2 lets no call without an identity come here; the clauses are for the type.
  if (claims && identity !== undefined) {
    const revoked = await environment.revocations.findNow(identity, now)
    if (revoked !== undefined) return progress.stopped('again', revokedStop(revoked))
  }
  if (!progress.waited && now - progress.checkedAt < STALE_AFTER) return undefined
  const stop =
    checkIdentity(progress, environment, now) ??
    checkRoles(progress, environment) ??
    (await checkPermission(progress, environment))
  if (stop !== undefined) return progress.stopped('again', stop)
  progress.passed('again', 'checked again after a wait')
  return undefined
}

/** Only a literal `false` exempts a call from its question. */
export function needsApproval({ definition, input, identity }: Progress): boolean {
  const { approval } = definition.rules
  // Stryker disable next-line ConditionalExpression: Step 2 lets no call without an identity come here; the clauses are for the type.
  if (approval === undefined || identity === undefined) return false
  const { when } = approval
  return when === undefined || answerOf('approval.when', () => when({ input, identity })) !== false
}
