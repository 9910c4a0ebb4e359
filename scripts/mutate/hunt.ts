import { join } from 'node:path'
import { files, root } from '../gates/repository.ts'
import type { Note } from './awake.ts'
import type { KeptKills } from './kept-kills.ts'
import type { Mutant } from './mutant.ts'
import { runPlan } from './run-plan.ts'
import { Tally } from './tally.ts'

/** In the first round a mutant costs at most this many tests: most are killed by the first one that can tell. */
const FIRST_BUDGET = 15
/** Test files of other rooms in which a mutant that lived through both rounds is awake from the first line on. */
const OTHERS_FROM_THE_START = 8

/** What came of a mutant. */
export interface Fate {
  readonly mutant: Mutant
  /** The test that told it; absent where it survived. */
  readonly killedBy?: string
  /** Test files in which it could have shown. */
  readonly reachedBy: readonly string[]
}

/** What came of all of them, and the tests that could not be used since they fail when they are run again. */
export interface Hunt {
  readonly fates: readonly Fate[]
  readonly unusable: readonly string[]
}

export interface HuntOptions {
  /** Kills of earlier runs; those of this one are added. */
  readonly kept: KeptKills
  /** Only test files whose path holds this are asked. */
  readonly within: string
}

/** Rooms from the ground up: a test of the room that holds a guard comes before those that only pass through it. */
const rooms = [
  ...['lib', 'errors', 'credential', 'roles', 'fga', 'authorization-server', 'identity', 'token-exchange', 'vault'],
  ...['approvals', 'delegations', 'ciba', 'resource-server', 'guard', 'http', 'stores', 'watcher', 'telemetry'],
]

/** Core's own tests, from `packages/core`, in the order in which they are asked. */
function testFiles(): string[] {
  const place = (file: string) => {
    const room = rooms.indexOf(file.split('/')[2] ?? '')
    return file.startsWith('test/unit/') && room >= 0 ? room : rooms.length
  }
  return files(['test/unit/**/*.test.ts', 'test/conformance/**/*.test.ts'], join(root, 'packages', 'core')).sort(
    (one, other) => place(one) - place(other),
  )
}

/**
 * Wakes each mutant in the tests that can tell it, until one does.
 *
 * Three rounds: a few tests each; then for whoever is left all the tests that it shows in; then, one by one, in a
 * process where it is awake before anything is loaded, since a test file may have kept what it built without it.
 */
export async function hunt(
  mutants: readonly Mutant[],
  { kept, within }: HuntOptions,
  print: (text: string) => void,
): Promise<Hunt> {
  const tally = new Tally()
  const { killed, reached, spent } = tally
  const known = kept.of(mutants)
  for (const [id, by] of known) killed.set(id, by)
  if (known.size > 0) print(`${known.size} were killed by an earlier run (--anew asks for all of them)`)
  const byNumber = new Map(mutants.map((mutant) => [mutant.id, mutant]))
  const take = (note: Note) => {
    if (note.type === 'killed' && !killed.has(note.id)) {
      const mutant = byNumber.get(note.id)
      if (mutant !== undefined) kept.add(mutant, note.by)
    }
    tally.take(note)
    if (note.type === 'file ended') print(`${note.file}: ${killed.size} of ${mutants.length} killed`)
  }
  const left = () => mutants.filter(({ id }) => !killed.has(id))

  print(`first round: ${left().length} mutants, at most ${FIRST_BUDGET} tests each`)
  const all = testFiles().filter((file) => file.includes(within))
  for (const files of byRoom(all)) {
    const budget = left().map(({ id }) => [id, FIRST_BUDGET - (spent.get(id) ?? 0)] as const)
    if (budget.length > 0) await runPlan({ testFiles: files, budget: Object.fromEntries(budget), always: 0 }, take)
  }

  const open = new Set(left().flatMap(({ id }) => [...(reached.get(id) ?? [])]))
  print(`second round: ${left().length} mutants, every test that they show in`)
  await runPlan(
    {
      testFiles: all.filter((file) => open.has(file)),
      budget: Object.fromEntries(left().map(({ id }) => [id, Number.MAX_SAFE_INTEGER])),
      always: 0,
    },
    take,
  )

  print(`third round: ${left().length} mutants, each awake from the start`)
  for (const { id, file } of left()) {
    const room = file.split('/')[0] ?? ''
    const isOwn = (path: string) => path.split('/')[2] === room
    // What is made while a file is loaded shows everywhere; the tests that look at it are in its own room.
    const where = [...(reached.get(id) ?? [])]
    const others = where.filter((path) => !isOwn(path)).slice(0, OTHERS_FROM_THE_START)
    const kill = await killFromTheStart(id, [...where.filter(isOwn), ...others])
    if (kill === undefined) continue
    take(kill)
    print(`${kill.by}: ${killed.size} of ${mutants.length} killed`)
  }
  return { fates: mutants.map((mutant) => fate(mutant, killed, reached)), unusable: [...tally.unusable] }
}

/**
 * The kill of a mutant that is awake before anything is loaded: a test has to fail twice with it, and to pass without it
 * in between, as it has to in the other rounds.
 */
async function killFromTheStart(id: number, testFiles: readonly string[]): Promise<Kill | undefined> {
  const [kill] = (await runPlan({ testFiles, budget: {}, always: id })).filter(isKill)
  if (kill === undefined) return undefined
  const same = testFiles.filter((file) => kill.by.startsWith(`${file}:`) || kill.by === file)
  const asItIs = await runPlan({ testFiles: same, budget: {}, always: 0 })
  if (asItIs.some((note) => note.type === 'unusable' && note.test === kill.by)) return undefined
  const again = (await runPlan({ testFiles: same, budget: {}, always: id })).filter(isKill)
  return again.some(({ by }) => by === kill.by) ? kill : undefined
}

type Kill = Extract<Note, { type: 'killed' }>

const isKill = (note: Note): note is Kill => note.type === 'killed'

/** One after the other, so that a run of few mutants ends with the room whose tests kill the last of them. */
function byRoom(all: readonly string[]): readonly (readonly string[])[] {
  const parts = new Map<string, string[]>()
  for (const file of all) {
    const room = file.split('/').slice(0, 3).join('/')
    const name = file.startsWith('test/unit/') ? room : 'others'
    parts.set(name, [...(parts.get(name) ?? []), file])
  }
  return [...parts.values()]
}

function fate(mutant: Mutant, killed: ReadonlyMap<number, string>, reached: ReadonlyMap<number, Set<string>>): Fate {
  const killedBy = killed.get(mutant.id)
  return { mutant, reachedBy: [...(reached.get(mutant.id) ?? [])], ...(killedBy !== undefined && { killedBy }) }
}
