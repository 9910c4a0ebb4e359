import { afterAll, describe, test } from 'vitest'
import { AdapterSession } from './adapter/adapter-session.ts'
import type { AdapterSubject } from './adapter/adapter-subject.ts'
import { alike } from './adapter/scenarios/alike.ts'
import { doubt } from './adapter/scenarios/doubt.ts'
import { forgeries } from './adapter/scenarios/forgeries.ts'
import { identity } from './adapter/scenarios/identity.ts'
import { interrupts } from './adapter/scenarios/interrupts.ts'
import { left } from './adapter/scenarios/left.ts'
import { nestedCalls } from './adapter/scenarios/nested.ts'
import { overlap } from './adapter/scenarios/overlap.ts'
import { parallel } from './adapter/scenarios/parallel.ts'
import { questions } from './adapter/scenarios/questions.ts'
import { refusals } from './adapter/scenarios/refusals.ts'
import { replays } from './adapter/scenarios/replays.ts'
import type { AdapterScenario } from './adapter/scenarios/scenario.ts'
import { secrets } from './adapter/scenarios/secrets.ts'

/**
 * Time limit of a test, in milliseconds. Some scenarios start processes, each of which loads the framework, which takes
 * long on a busy machine.
 */
const TEST_TIMEOUT = 120_000

const SECTIONS: Readonly<Record<string, readonly AdapterScenario[]>> = {
  identity,
  refusals,
  interrupts,
  forgeries,
  'questions of tools': questions,
  'calls that look alike': alike,
  'calls of a body': nestedCalls,
  'parallel calls': parallel,
  'equal calls of one step': overlap,
  'calls whose caller left': left,
  'writes in doubt': doubt,
  'results of earlier runs': replays,
  'secrets, streams and aborts': secrets,
}

/** Options of {@link describeAdapter}. */
export interface DescribeAdapterOptions {
  /**
   * Module that calls `serveAdapter(subject)` and does nothing else, for the restart in another process. Absent: that
   * scenario is not run, and the count says so.
   */
  readonly worker?: URL
}

/**
 * Registers tests of the requirements for every adapter: with the framework itself, its own mock model and its own
 * persistence, on mocked servers.
 *
 * Prints at the end how many passed. Not concurrent: msw patches the global `fetch`.
 *
 * @param name - The framework's, for titles.
 * @example
 * ```ts
 * import { describeAdapter, type AdapterSubject } from '@behalf/testing/contract'
 *
 * declare const subject: AdapterSubject
 * describeAdapter('my framework', subject, { worker: new URL('./worker.ts', import.meta.url) })
 * ```
 */
export function describeAdapter(name: string, subject: AdapterSubject, options: DescribeAdapterOptions = {}): void {
  const { worker } = options
  const has = {
    generators: subject.generators === true,
    worker: worker !== undefined,
    forms: subject.forms !== undefined,
    questions: subject.questions === true,
    guardedQuestions: subject.guardedQuestions === true,
    randomDefaults: subject.randomDefaults === true,
    nestedCalls: subject.nestedCalls === true,
    repeatedInSteps: subject.repeatedIds === 'steps',
    repeatedInTurns: subject.repeatedIds !== undefined,
    toolTimeouts: subject.toolTimeouts === true,
  }
  describe(`Adapter contract: ${name}`, { timeout: TEST_TIMEOUT }, () => {
    let scenarios = 0
    let possible = 0
    let passed = 0
    for (const [section, all] of Object.entries(SECTIONS)) {
      const those = all.filter(({ needs }) => needs === undefined || has[needs])
      scenarios += all.length
      possible += those.length
      // A section without a test fails in Vitest.
      if (those.length === 0) continue
      describe(section, () => {
        for (const { title, run } of those) {
          test(title, async ({ onTestFinished }) => {
            const session = await AdapterSession.open(subject, worker)
            onTestFinished(() => session.close())
            await run(session)
            passed++
          })
        }
      })
    }
    // Printed, since "passed" alone does not give the number of scenarios.
    afterAll(() =>
      console.info(`adapter contract on ${name}: ${passed} of ${possible} scenarios passed, ${scenarios} there are`),
    )
  })
}
