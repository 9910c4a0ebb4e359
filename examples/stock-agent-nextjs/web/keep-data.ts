import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './temporary-directory.ts'

/** Storage of a run's state, and the keys that seal it. */
export interface KeptData {
  readonly directory: string
  readonly keys: { readonly seal: string; readonly index: string }
  /** Called at the end. Deletes only temporary data. */
  close(): void
}

/**
 * @param folder - Folder that is kept for a later run on the same ports. No other user can read it. Absent: a temporary
 *   folder, since the sandbox's users and tokens end with the process too.
 */
export function keepData(folder: string | undefined): KeptData {
  if (folder === undefined) {
    const { directory, remove } = temporaryDirectory()
    return { directory, keys: newKeys(), close: remove }
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Stored beside the data, because this is a sandbox. A deployment keeps its keys elsewhere.
  const file = join(folder, 'keys.json')
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(newKeys()), { mode: 0o600 })
  return { directory: folder, keys: JSON.parse(readFileSync(file, 'utf8')) as KeptData['keys'], close: () => {} }
}

const newKeys = (): KeptData['keys'] => ({ seal: newKey(), index: newKey() })
const newKey = (): string => randomBytes(32).toString('base64url')
