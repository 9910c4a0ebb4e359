import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Time to wait until the earlier process ends: a restart may start the next one before that. */
const WAIT_MS = 5_000

/**
 * Makes this process the only one on a folder, until it ends in any way: the operating system releases the lock.
 *
 * One process ensures one turn at a time for each conversation (`locks.ts`). Two processes would both continue from the
 * same messages, and the one that saves last would drop the other's answer.
 *
 * @throws TypeError Another process uses the folder.
 */
export function becomeSoleProcess(directory: string): DatabaseSync {
  // Conversations are stored as plain text.
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'process.sqlite')
  const lock = new DatabaseSync(file, { timeout: WAIT_MS })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    // A party that may open the file may lock it too, and would prevent the next process from starting.
    chmodSync(file, 0o600)
    return lock
  } catch (cause) {
    lock.close()
    throw new TypeError(
      `another process uses DATA_DIRECTORY (${directory}): end it, or give this one a folder of its own. ` +
        'To run more than one process, keep conversations and logins in a database that they share, with a lock for each conversation',
      { cause },
    )
  }
}
