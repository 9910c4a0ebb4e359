import type { Boot } from './bundle.ts'
import type { Command } from './commands.ts'
import { type Ran, runSequence } from './run-sequence.ts'

/** Runs at most, for one failure. */
const MAX_RUNS = 250

/** What a command is made of when nothing special is said. */
const plain = {
  pace: 'settle',
  proof: 'login',
  body: 'returns',
  status: 200,
  preflight: false,
  patience: undefined,
  stopsAll: false,
  twice: false,
  process: 0,
  which: 0,
  onlyToRead: false,
  choose: false,
  isOld: false,
  leaked: false,
  ofAnybody: false,
  hasTokens: false,
}

/** Leaves out, and makes plain, whatever the failure does not need: the same promise must still be broken. */
export async function shrink(boot: Boot, failed: Ran): Promise<Ran> {
  const promise = failed.unjustified[0]?.promise
  let best = failed
  let runs = 0
  const tried = async (commands: readonly Command[]): Promise<boolean> => {
    if (++runs > MAX_RUNS) return false
    const ran = await runSequence(boot, failed.seed, commands)
    if (ran.unjustified[0]?.promise !== promise) return false
    best = ran
    return true
  }
  for (let size = Math.ceil(best.commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.commands.length; ) {
      const rest = [...best.commands.slice(0, at), ...best.commands.slice(at + size)]
      if (!(await tried(rest))) at += size
    }
  }
  for (let at = 0; at < best.commands.length; at++) {
    for (const [field, value] of Object.entries(plain)) {
      const command = best.commands[at] as unknown as Record<string, unknown>
      if (!(field in command) || command[field] === value) continue
      await tried(best.commands.with(at, { ...command, [field]: value } as unknown as Command))
    }
  }
  return best
}
