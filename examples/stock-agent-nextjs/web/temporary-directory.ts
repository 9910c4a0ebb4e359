import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a folder for data that lasts as long as a sandbox: its users and tokens end with it. */
export function temporaryDirectory(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-nextjs-'))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
