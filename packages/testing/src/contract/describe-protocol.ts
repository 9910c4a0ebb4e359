import { afterAll, describe, test } from 'vitest'
import type { Capability } from '../target/index.ts'
import { approvedDetails } from './protocol/approved-details.ts'
import { cibaAnswers } from './protocol/ciba-answers.ts'
import { cibaRequests } from './protocol/ciba-requests.ts'
import { clientAuthentication } from './protocol/client-authentication.ts'
import { deviceFlow } from './protocol/device-flow.ts'
import { discovery } from './protocol/discovery.ts'
import { dpopBinding } from './protocol/dpop-binding.ts'
import { dpopProofs } from './protocol/dpop-proofs.ts'
import { faults } from './protocol/faults.ts'
import { idJag } from './protocol/id-jag.ts'
import { login } from './protocol/login.ts'
import { pushedRequests } from './protocol/pushed-requests.ts'
import { refresh } from './protocol/refresh.ts'
import { registration } from './protocol/registration.ts'
import { revocation } from './protocol/revocation.ts'
import { type ProtocolUnderTest, type Scenario, Session } from './protocol/session.ts'
import { signIn } from './protocol/sign-in.ts'
import { tokenExchange } from './protocol/token-exchange.ts'
import { vault } from './protocol/vault.ts'

/** Longer than the longest wait in real time, milliseconds. */
const TEST_TIMEOUT = 120_000

const SECTIONS: Readonly<Record<string, readonly Scenario[]>> = {
  discovery,
  login,
  'sign-in': signIn,
  'pushed requests': pushedRequests,
  'client authentication': clientAuthentication,
  refresh,
  revocation,
  'token exchange': tokenExchange,
  'token vault': vault,
  'backchannel requests': cibaRequests,
  'backchannel answers': cibaAnswers,
  'approved details': approvedDetails,
  'device flow': deviceFlow,
  registration,
  'DPoP proofs': dpopProofs,
  'DPoP binding': dpopBinding,
  'ID-JAG': idJag,
  faults,
}

/** Facts of a target for {@link describeProtocol}. */
export interface ProtocolSubject {
  /** Known before anything is started: a scenario that needs more is not run. */
  readonly capabilities: readonly Capability[]
  /** A fresh target for each scenario. */
  readonly create: () => Promise<ProtocolUnderTest>
  /** Whether targets of `create` share nothing, so that all scenarios may run at once. @default false */
  readonly concurrent?: boolean
}

/**
 * Registers tests of the exchange between authorization servers and core's client code: the same scenarios on mocked
 * servers and on real ones.
 *
 * Prints at the end how many passed.
 *
 * @param name - The target's, for titles.
 * @example
 * ```ts
 * import { mockTarget } from '@behalf/testing'
 * import { describeProtocol } from '@behalf/testing/contract'
 *
 * describeProtocol('msw', {
 *   capabilities: ['token-exchange', 'ciba', 'authorization-details'],
 *   create: async () => ({ target: await mockTarget() }),
 * })
 * ```
 */
export function describeProtocol(name: string, subject: ProtocolSubject): void {
  const { concurrent = false } = subject
  describe(`Protocol suite: ${name}`, { timeout: TEST_TIMEOUT, concurrent }, () => {
    let scenarios = 0
    let passed = 0
    for (const [section, all] of Object.entries(SECTIONS)) {
      const possible = all.filter(({ needs = [] }) => needs.every((need) => subject.capabilities.includes(need)))
      if (possible.length === 0) continue
      describe(section, () => {
        for (const { title, run } of possible) {
          scenarios++
          test(title, async ({ onTestFinished }) => {
            const session = new Session(await subject.create())
            onTestFinished(() => session.target.close())
            await run(session)
            passed++
          })
        }
      })
    }
    // Printed, since "passed" alone does not give the number of scenarios.
    afterAll(() => console.info(`protocol suite on ${name}: ${passed} of ${scenarios} scenarios passed`))
  })
}
