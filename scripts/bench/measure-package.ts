import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { countInstalled } from '../gates/check-packed.ts'
import { pack } from '../gates/packed-packages.ts'
import { readManifest, root } from '../gates/repository.ts'
import { quantile } from './measure.ts'

const PROCESSES = 21

/** Milliseconds, medians over fresh processes that take turns. */
export interface ColdImport {
  readonly bareNode: number
  readonly withImport: number
}

/** What loading the built core adds to a process that does nothing else. */
export function measureColdImport(): ColdImport {
  const entry = pathToFileURL(join(root, 'packages', 'core', 'dist', 'index.js')).href
  const bare: number[] = []
  const loaded: number[] = []
  for (let process = 0; process < PROCESSES; process++) {
    bare.push(timeOf('0'))
    loaded.push(timeOf(`await import(${JSON.stringify(entry)})`))
  }
  return { bareNode: quantile(bare, 0.5), withImport: quantile(loaded, 0.5) }
}

function timeOf(source: string): number {
  const began = performance.now()
  execFileSync(process.execPath, ['--input-type=module', '--eval', source])
  return performance.now() - began
}

/** How many packages npm installs for core alone, itself included. */
export async function measureInstalled(): Promise<number> {
  const workshop = mkdtempSync(join(tmpdir(), 'behalf-bench-'))
  try {
    const path = 'packages/core'
    return await countInstalled(await pack({ path, manifest: readManifest(path) }, workshop), workshop)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
}
