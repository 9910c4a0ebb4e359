import type { Boot } from './bundle.ts'
import { type Command, commandsOf } from './commands.ts'
import type { Unjustified } from './model.ts'
import { perform } from './perform.ts'
import { randomOf } from './random.ts'
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
    perform(world, command)
    if (command.do === 'pass') await world.scheduler.pass(command.seconds * 1000)
    else await keepPace(world, command.pace)
    if (world.model.unjustified.length > 0) break
  }
  if (world.model.unjustified.length === 0) await allIsWell(world)
  return { seed, commands, unjustified: world.model.unjustified, log: world.log, seen: world.seen }
}

async function keepPace(world: World, pace: Command['pace']): Promise<void> {
  if (pace === 'settle') {
    const isDone = () => world.alive().every(({ underWay }) => underWay <= 0)
    return world.scheduler.run(isDone, PATIENCE_MS)
  }
  for (let steps = 0; steps < pace; steps++) if (!(await world.scheduler.step())) return
}

/** When no clock is wrong and nothing fails, a person of whom nobody has heard yet makes a call: it runs. */
async function allIsWell(world: World): Promise<void> {
  world.faults.clear()
  world.issuer.faults.length = 0
  world.issuer.skewSeconds = 0
  for (const process of world.alive()) process.skewMs = 0
  await world.scheduler.pass(130_000)
  const call = { do: 'call', who: 'zoe', proof: 'login', body: 'returns', status: 200, preflight: false } as const
  for (const { place } of world.alive()) {
    perform(world, { ...call, process: place, tool: 'note', slot: `last-${place}`, amount: place, pace: 'settle' })
  }
  await keepPace(world, 'settle')
  for (const line of world.takeOutcomesOf('zoe')) world.tell({ kind: 'must run', ...line })
}
