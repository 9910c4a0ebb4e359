import { checkConnections } from './check-connections.ts'
import { checkIdentity } from './check-identity.ts'
import { checkPermission } from './check-permission.ts'
import { checkRoles } from './check-roles.ts'
import type { Environment } from './environment.ts'
import { parseInput } from './parse-input.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'

/** A permission that was checked longer ago than this is checked again before the body. Milliseconds. */
const STALE_AFTER = 1_000

/** Steps 1 to 5, in order: what needs no I/O comes first, and a person is asked after all of them. */
export async function checkCall(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  const { definition, invocation } = progress
  const parsing = parseInput(definition.schema, invocation.input)
  const parsed = parsing instanceof Promise ? await parsing : parsing
  if ('problem' in parsed) return progress.stopped('input', deny('invalid_input', parsed.problem))
  progress.input = parsed.input
  progress.passed('input', 'parsed')
  if (definition.isPublic) return undefined

  progress.at = 'identity'
  const stranger = checkIdentity(progress, environment)
  if (stranger !== undefined) return progress.stopped('identity', stranger)
  progress.at = 'approval'
  progress.needsApproval = needsApproval(progress)
  return checkRights(progress, environment)
}

async function checkRights(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  progress.at = 'roles'
  const beyond = checkRoles(progress, environment)
  if (beyond !== undefined) return progress.stopped('roles', beyond)
  if (progress.definition.rules.permission !== undefined) {
    progress.at = 'permission'
    const forbidden = await checkPermission(progress, environment)
    if (forbidden !== undefined) return progress.stopped('permission', forbidden)
  }
  if (progress.definition.hasConnections) {
    progress.at = 'connection'
    const unconnected = await checkConnections(progress, environment)
    if (unconnected !== undefined) return progress.stopped('connection', unconnected)
  }
  return undefined
}

/** Step 8: what was right before a wait may be wrong after it. */
export async function checkAgain(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  const { definition } = progress
  const stale = environment.clock.now() - progress.checkedAt >= STALE_AFTER
  if (definition.isPublic || !(progress.waited || stale)) return undefined
  progress.at = 'again'
  const stop =
    checkIdentity(progress, environment) ??
    checkRoles(progress, environment) ??
    (await checkPermission(progress, environment))
  if (stop !== undefined) return progress.stopped('again', stop)
  progress.passed('again', 'checked again after a wait')
  return undefined
}

/** Only a literal `false` exempts a call from its question. */
function needsApproval({ definition, input, identity }: Progress): boolean {
  const { approval } = definition.rules
  if (approval === undefined || identity === undefined) return false
  return approval.when === undefined || approval.when({ input, identity }) !== false
}
