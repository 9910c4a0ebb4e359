// Gives a run of tests a temporary directory of its own. What its tests, and the processes that they start, leave there ends
// with the run.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

// Each project loads this file again, and so do the processes that inherit the folder: one of them is enough. The name is
// short, because the path of a socket has a limit.
const name = 'behalf-run-'
if (!basename(tmpdir()).startsWith(name)) {
  const temporary = mkdtempSync(join(tmpdir(), name))
  // A database that a test starts may run as another user.
  chmodSync(temporary, 0o755)
  process.env.TMPDIR = temporary
  process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))
}
