import { mkdir, open, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pause } from '../../base/process/async.ts'

/** Interval at which the holder of the lock touches its file. Milliseconds. */
const BEAT_MS = 1_000
/** Time after which a silent holder counts as dead, by the clock of the process that waits, in milliseconds. */
const SILENT_MS = 5_000
const LOOK_MS = 50
/**
 * Number of past turns whose tickets are kept: a listing of the folder that is read while turns pass can still show a
 * late one.
 */
const KEPT_TURNS = 8
const ticket = /^[1-9]\d{0,14}$/

/**
 * Waits for this process's turn among the processes that use the same folder, and returns a function that ends it.
 *
 * Turns are numbered files. A process takes the next turn by creating its file, which only one process can do. The turn
 * is over when the file has content. The last file is never deleted. So of all processes that find its owner dead, only
 * one gets the next turn, and a late process with an old number sees the newer one.
 *
 * A process that was killed delays the others by five seconds. If a process hung for that long, another may have had
 * its turn: compare with the stored value before you write.
 *
 * @throws The signal's own reason, while it waits.
 */
export async function takeTurn(folder: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  signal?.throwIfAborted()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const mine = join(folder, String(await nextTurn(folder, signal)))
  const beating = setInterval(() => {
    const now = new Date()
    utimes(mine, now, now).catch(() => {})
  }, BEAT_MS)
  // A process that has nothing else to do may end.
  beating.unref()
  return async () => {
    clearInterval(beating)
    // If the write fails, or if others have skipped this turn, they continue without it.
    await writeFile(mine, 'over', { flag: 'r+' }).catch(() => {})
  }
}

async function nextTurn(folder: string, signal: AbortSignal | undefined): Promise<number> {
  const isSilent = silence()
  for (;;) {
    const turns = await turnsIn(folder)
    const last = Math.max(0, ...turns)
    const seen = last === 0 ? 'over' : await stateOf(folder, last)
    signal?.throwIfAborted()
    if (seen === 'over' || (seen !== 'gone' && isSilent(last, seen))) {
      if (!(await takeNumber(folder, last + 1))) continue
      await sweep(folder, turns, last + 1)
      return last + 1
    }
    await pause(LOOK_MS * (1 + Math.random()), signal)
  }
}

/**
 * Watches the owner of the turn: returns whether it was silent for too long, by a clock that stops while this machine
 * sleeps.
 */
function silence(): (turn: number, beat: number) => boolean {
  let heard: { readonly turn: number; readonly beat: number; readonly at: number } | undefined
  return (turn, beat) => {
    const now = performance.now()
    if (heard?.turn !== turn || heard.beat !== beat) heard = { turn, beat, at: now }
    return now - heard.at >= SILENT_MS
  }
}

/** Returns whether this process got the turn: no other process took it, and it is still the last one. */
export async function takeNumber(folder: string, turn: number): Promise<boolean> {
  const path = join(folder, String(turn))
  const made = await open(path, 'wx', 0o600).catch((error: unknown) => {
    if (codeOf(error) === 'EEXIST') return undefined
    throw error
  })
  if (made === undefined) return false
  await made.close()
  if (Math.max(...(await turnsIn(folder))) === turn) return true
  // We were away for long: that turn was over and swept away.
  await rm(path, { force: true })
  return false
}

async function stateOf(folder: string, turn: number): Promise<'over' | 'gone' | number> {
  const found = await stat(join(folder, String(turn))).catch(absent)
  if (found === undefined) return 'gone'
  return found.size > 0 ? 'over' : found.mtimeMs
}

async function turnsIn(folder: string): Promise<readonly number[]> {
  return (await readdir(folder)).filter((name) => ticket.test(name)).map(Number)
}

async function sweep(folder: string, turns: readonly number[], now: number): Promise<void> {
  const old = turns.filter((turn) => turn < now - KEPT_TURNS)
  await Promise.all(old.map((turn) => rm(join(folder, String(turn)), { force: true }).catch(() => {})))
}

/** Returns `undefined` if the error says that a file is missing. Throws any other error. */
export function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}

/** Code of an error of the system, such as `EEXIST`. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
