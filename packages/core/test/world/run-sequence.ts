import { allIsWell } from './all-is-well.ts'
import type { Boot } from './bundle.ts'
import type { Command } from './commands.ts'
import type { Unjustified } from './judges/facts.ts'
import { perform } from './perform.ts'
import { randomOf } from './random.ts'
import { commandsOf } from './themes.ts'
import { World } from './world.ts'

/** How a sequence ended. */
export interface Ran {
  readonly seed: string
  readonly commands: readonly Command[]
  readonly unjustified: readonly Unjustified[]
  readonly log: readonly string[]
  readonly seen: ReadonlyMap<string, number>
}

/** Longest time in which a call ends by itself, milliseconds. */
const PATIENCE_MS = 20_000

/** Runs the sequence of a seed, or these commands in its stead. */
export async function runSequence(
  boot: Boot,
  seed: string,
  commands: readonly Command[] = commandsOf(randomOf(seed)),
): Promise<Ran> {
  const world = new World(boot, seed)
  for (const command of commands) {
    world.note(`# ${JSON.stringify(command)}`)
    for (const seen of sightsOf(command)) world.saw(seen)
    perform(world, command)
    if (command.do === 'pass') await world.scheduler.pass(command.seconds * 1000)
    else await keepPace(world, command.pace)
    if (world.model.unjustified.length > 0) break
  }
  if (world.model.unjustified.length === 0) await allIsWell(world, commands, () => keepPace(world, 'settle'))
  return { seed, commands, unjustified: world.model.unjustified, log: world.log, seen: world.seen }
}

/** What of a command is counted: those that end each sequence are not. */
function sightsOf(command: Command): readonly string[] {
  const counted = ['body', 'proof', 'odd', 'change', 'lie', 'bounds'] as const
  const given = command as Partial<Record<(typeof counted)[number], string>>
  const parts = counted.flatMap((field) => (given[field] === undefined ? [] : [`${field}: ${given[field]}`]))
  return [`command: ${command.do}`, ...parts]
}

async function keepPace(world: World, pace: Command['pace']): Promise<void> {
  if (pace === 'settle') {
    const isDone = () => world.alive().every(({ underWay }) => underWay <= 0)
    return world.scheduler.run(isDone, PATIENCE_MS)
  }
  for (let steps = 0; steps < pace; steps++) if (!(await world.scheduler.step())) return
}
