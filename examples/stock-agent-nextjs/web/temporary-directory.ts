import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** For what lives as long as a sandbox does: its users and tokens are gone with it. */
export function temporaryDirectory(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-nextjs-'))
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) }
}
