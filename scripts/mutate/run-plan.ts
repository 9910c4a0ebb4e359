import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Note, readNewNotes, readNotes, writeNote } from './awake.ts'
import type { Plan } from './plan.ts'

/** A test tells something at each try; after this long in silence, a mutant made it spin. */
const SILENCE_MS = 60_000

/**
 * Runs the tests of a plan in a process of its own and gives what they noted.
 *
 * A mutant that never comes back, or takes its process with it, counts as killed: the files that were left are run by
 * another one.
 */
export async function runPlan(
  wanted: Omit<Plan, 'log'>,
  tell: (note: Note) => void = () => {},
): Promise<readonly Note[]> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-mutants-'))
  const log = join(folder, 'notes')
  writeFileSync(log, '')
  try {
    let left = wanted.testFiles
    let kills = 0
    while (left.length > 0) {
      await runOnce(join(folder, 'plan.json'), { ...wanted, log, testFiles: left }, tell)
      const notes = readNotes(log)
      const ended = new Set(notes.flatMap((note) => (note.type === 'file ended' ? note.file : [])))
      const after = left.filter((file) => !ended.has(file))
      const killed = notes.filter(({ type }) => type === 'killed').length
      // A file in which a mutant never came back goes on without that one.
      if (after.length === left.length && killed === kills) throw new Error(`no test file ended: ${left.join(', ')}`)
      left = after
      kills = killed
    }
    return readNotes(log)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runOnce(path: string, plan: Plan, tell: (note: Note) => void): Promise<void> {
  writeFileSync(path, JSON.stringify(plan))
  const script = fileURLToPath(new URL('run-round.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.on('data', (data: Buffer) => {
    complaints += data
  })
  let told = statSync(plan.log).size
  let last: Note | undefined
  const listen = () => {
    const { notes, to } = readNewNotes(plan.log, told)
    told = to
    for (const note of notes) tell(note)
    last = notes.at(-1) ?? last
    return notes.length > 0
  }
  // Node itself may abort, as in a turn of its event loop that a mutant left behind.
  let why = 'its process died'
  let lastAt = performance.now()
  const watch = setInterval(() => {
    if (listen()) lastAt = performance.now()
    if (performance.now() - lastAt < SILENCE_MS) return
    clearInterval(watch)
    why = 'it never came back'
    child.kill('SIGKILL')
  }, 1_000)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(watch)
  listen()
  if (code === null) {
    noteLoss(plan, last, why)
    listen()
  }
  if (code !== 0 && code !== null) throw new Error(`the tests did not run:\n${complaints}`)
}

/** What is told of a process that has to be ended, or that ended by itself. */
function noteLoss(plan: Plan, last: Note | undefined, why: string): void {
  const ended = new Set(readNotes(plan.log).flatMap((note) => (note.type === 'file ended' ? note.file : [])))
  const file = plan.testFiles.find((one) => !ended.has(one)) ?? ''
  // The killed mutant is not woken again, so that the file may go on with the others.
  if (last?.type === 'try') {
    writeNote(plan.log, { type: 'killed', id: last.id, by: last.test, why })
    return
  }
  if (plan.always !== 0) writeNote(plan.log, { type: 'killed', id: plan.always, by: file, why })
  else writeNote(plan.log, { type: 'unusable', test: file, file, why, after: 0 })
  writeNote(plan.log, { type: 'file ended', file })
}
