import { type ProtocolTarget, TestingError } from '@behalf/testing'
import { openTarget } from './open-target.ts'
import { OPTION_KEYS, type SandboxTargetOptions } from './target-options.ts'

/**
 * Starts the made-up world of `@behalf/testing` as real servers on loopback: three issuers on oidc-provider (the
 * app's, the upstream's, the employer's), OpenFGA and the Stock Trade API.
 *
 * Several can run at once, in one process, each on ports of its own. Plain http: a profile needs
 * `[allowInsecureLoopback]: true`, which `profileOf` sets.
 *
 * @example
 * ```ts
 * import { sandboxTarget } from '@behalf/sandbox'
 *
 * const target = await sandboxTarget()
 * await target.authorizationServer.controls.signInAs(target.users.ann.subject)
 * await target.close()
 * ```
 */
export async function sandboxTarget(options: SandboxTargetOptions = {}): Promise<ProtocolTarget> {
  const known: readonly string[] = OPTION_KEYS
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new TestingError(`sandboxTarget: unknown ${unknown.join(', ')}`)
  const { forgetFaults: _ours, ...target } = await openTarget(structuredClone(options))
  return target
}
