import type { Policy } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { refuseUnknownKeys } from '../../base/values/index.ts'
import type { Guard } from '../guard.ts'
import { policiesOf } from './define-tool.ts'

/**
 * Joins each tool of a framework with its policy, and checks that the guard can serve them all.
 * @param owner - Name of the function that the app called, for errors.
 * @param known - Names of all options.
 * @throws ConfigurationError An option is unknown, there is no guard or identity, or a tool has no policy, or one that
 *   the guard cannot serve.
 */
export function withPolicies<Tool>(
  owner: string,
  tools: readonly (readonly [name: string, tool: Tool])[],
  options: { readonly guard: Guard; readonly policies: Readonly<Record<string, Policy>> },
  known: readonly string[],
): readonly { readonly name: string; readonly tool: Tool; readonly policy: Policy }[] {
  refuseUnknownKeys(owner, options, known)
  if (known.includes('identity') && !('identity' in options)) {
    throw new ConfigurationError(`${owner}.identity`, 'is missing: give the user of this request, or undefined')
  }
  const { guard, policies } = options
  if (typeof guard?.check !== 'function') throw new ConfigurationError(`${owner}.guard`, 'give what createGuard made')
  const found = tools.map(([name, tool]) => {
    const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
    if (policy !== undefined) return { name, tool, policy }
    throw new ConfigurationError(`${owner}.policies.${name}`, 'is missing: give policy(…) or publicTool(…)')
  })
  guard.check(policiesOf(found))
  return found
}

/** Functions of tools that run behind a guard. */
const bodies = new WeakSet<object>()

/** Marks the function of a tool as one that runs behind a guard, and returns it. */
export function behindGuard<Body extends object>(body: Body): Body {
  bodies.add(body)
  return body
}

/** Returns whether a function is behind a guard. A second guard would find the write of the first one under way. */
export const isGuarded = (body: unknown): boolean => bodies.has(Object(body))

/** Returns the function of the tool at `option`. @throws ConfigurationError It is missing, or behind a guard already. */
export function bodyOf<Body>(option: string, body: Body): NonNullable<Body> {
  if (typeof body === 'function' && !isGuarded(body)) return body as NonNullable<Body>
  const problem = isGuarded(body)
    ? 'is guarded already: give the tool as it was made'
    : 'has no execute to guard: leave it out, or give it one'
  throw new ConfigurationError(option, problem)
}
