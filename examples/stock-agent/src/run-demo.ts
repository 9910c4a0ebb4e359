import { inspect } from 'node:util'
import { Checks, countLeaks } from './check.ts'
import { identityLevel, privateDataLevel, publicLevel, sensitiveActionLevel } from './levels/index.ts'
import { personAtTerminal, type TerminalPerson } from './person.ts'
import type { Printer } from './print.ts'
import { anotherUser, deniedByThePerson, otherArguments, ranOut, sameApprovalTwice } from './refusals/index.ts'
import { type AgentMaker, type Part, Stage } from './stage.ts'
import { openWorld, type VaultKind, type World, type WorldFault } from './world.ts'

export interface DemoOptions {
  readonly printer: Printer
  /** Ask for the answers of level 4 at the terminal. */
  readonly interactive: boolean
  readonly fault?: WorldFault | undefined
  /** Vault of level 3. @default 'auth0' */
  readonly vault?: VaultKind | undefined
  /** Makes the agent. @default the agent on core alone */
  readonly makeAgent?: AgentMaker
  /** Further parts, after the levels and refusals. */
  readonly parts?: readonly Part[]
  /** Parts that replace the levels and refusals. */
  readonly story?: readonly Part[] | undefined
  /** Opens other servers than mocked ones. @default mocked in this process */
  readonly openWorld?: (() => Promise<World>) | undefined
  /** Person who answers in level 4. @default a script, or the terminal */
  readonly person?: TerminalPerson | undefined
}

/** Longer than the time for which three denials close a tool. */
const A_WHILE_SECONDS = 11 * 60

export const levels: readonly Part[] = [publicLevel, identityLevel, privateDataLevel, sensitiveActionLevel]
const refusals: readonly Part[] = [deniedByThePerson, otherArguments, sameApprovalTwice, anotherUser, ranOut]

/** Runs the whole story. @returns whether everything was as it should be */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const { printer, interactive, fault, vault, makeAgent, parts = [], story } = options
  const checks = new Checks((what, mismatch) => printer.check(what, mismatch))
  const world = await (options.openWorld?.() ?? openWorld(fault, vault))
  const terminal = options.person ?? (interactive ? personAtTerminal() : undefined)
  try {
    const stage = new Stage({ world, printer, checks, terminal, makeAgent })
    for (const part of story ?? [...levels, ...refusals, ...parts]) {
      printer.heading(part.title, part.lead)
      await part.run(stage).catch((error: unknown) => checks.brokeOff(part.title, error))
      // Denials at the terminal close the tool for a while.
      const mayBeClosed = interactive && options.openWorld === undefined && part === sensitiveActionLevel
      if (mayBeClosed) await world.clock.forward(A_WHILE_SECONDS)
    }
    checkSilence(stage)
  } finally {
    terminal?.close()
    await world.close()
  }
  const counted = story === undefined ? countOf(parts) : `${story.length} ${story.length === 1 ? 'part' : 'parts'}`
  return summarize(printer, checks, counted)
}

/** Checks that neither the screen nor any value from the SDK shows a token. */
function checkSilence({ world, printer, checks, turns }: Stage): void {
  const { secrets } = world.wire
  printer.heading('Secrets', `${secrets.size} tokens, codes, keys and request ids were sent.`)
  checks.equal('the demo used secrets', secrets.size > 0, true)
  const leaks = (value: unknown) => countLeaks(JSON.stringify(value) + inspect(value, everything), secrets)
  checks.equal('audit events contain no secret', leaks(world.audit), 0)
  checks.equal('outcomes, interrupts and traces contain no secret', leaks(turns), 0)
  checks.equal('this output contains no secret', countLeaks(printer.written, secrets), 0)
}

const everything = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null, maxStringLength: null }

function countOf(more: readonly Part[]): string {
  const further = more.length > 0 ? `, ${more.length} more` : ''
  return `${levels.length} levels, ${refusals.length} refusals${further}`
}

function summarize(printer: Printer, { count, mismatches }: Checks, parts: string): boolean {
  printer.line()
  const isRight = mismatches.length === 0
  printer.line(printer.paint(isRight ? 'green' : 'red', `${parts}: ${count} checks, ${mismatches.length} mismatches`))
  return isRight
}
