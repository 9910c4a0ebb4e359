// Gives a run of tests a temporary directory of its own. What its tests, and the processes that they start, leave there ends
// with the run.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// A short name: the path of a socket has a limit.
const temporary = mkdtempSync(join(tmpdir(), 'behalf-'))
// A database that a test starts may run as another user.
chmodSync(temporary, 0o755)
process.env.TMPDIR = temporary
process.once('exit', () => rmSync(temporary, { recursive: true, force: true }))
