import { inspect } from 'node:util'
import { Checks, countLeaks } from './check.ts'
import { identityLevel, privateDataLevel, publicLevel, sensitiveActionLevel } from './levels/index.ts'
import { type Person, personAtTerminal } from './person.ts'
import type { Printer } from './print.ts'
import { anotherUser, deniedByThePerson, otherArguments, ranOut, sameApprovalTwice } from './refusals/index.ts'
import { type Part, Stage } from './stage.ts'
import { openWorld, type World, type WorldFault } from './world.ts'

export interface DemoOptions {
  readonly printer: Printer
  /** Ask for the answers of level 4 at the terminal. */
  readonly interactive: boolean
  readonly fault?: WorldFault | undefined
}

const levels: readonly Part[] = [publicLevel, identityLevel, privateDataLevel, sensitiveActionLevel]
const refusals: readonly Part[] = [deniedByThePerson, otherArguments, sameApprovalTwice, anotherUser, ranOut]

/** Runs the whole story. @returns whether everything was as it should be */
export async function runDemo({ printer, interactive, fault }: DemoOptions): Promise<boolean> {
  const checks = new Checks((what, mismatch) => printer.check(what, mismatch))
  const world = await openWorld(fault)
  try {
    const terminal: Person | undefined = interactive ? personAtTerminal() : undefined
    const stage = new Stage({ world, printer, checks, terminal })
    for (const part of [...levels, ...refusals]) {
      printer.heading(part.title, part.lead)
      await part.run(stage).catch((error: unknown) => checks.brokeOff(part.title, error))
    }
    checkSilence(world, printer, checks)
  } finally {
    await world.close()
  }
  return summarize(printer, checks)
}

/** Neither the screen nor what the SDK handed out shows a token. */
function checkSilence(world: World, printer: Printer, checks: Checks): void {
  printer.heading('Secrets', `${world.wire.secrets.size} tokens, codes and request ids crossed the wire.`)
  const { audit } = world
  const { secrets } = world.wire
  checks.equal('there were some to look for', secrets.size > 0, true)
  const events = `${JSON.stringify(audit)}${inspect(audit, { depth: Number.POSITIVE_INFINITY, showHidden: true })}`
  checks.equal('the audit events show none', countLeaks(events, secrets), 0)
  checks.equal('this output shows none', countLeaks(printer.written, secrets), 0)
}

function summarize(printer: Printer, { count, mismatches }: Checks): boolean {
  printer.line()
  const isRight = mismatches.length === 0
  const parts = `${levels.length} levels, ${refusals.length} refusals`
  printer.line(printer.paint(isRight ? 'green' : 'red', `${parts}: ${count} checks, ${mismatches.length} mismatches`))
  return isRight
}
