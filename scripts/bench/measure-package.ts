import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../gates/repository.ts'
import { quantile } from './measure.ts'

const PROCESSES = 21

/** Milliseconds. Medians over fresh processes, alternately measured. */
export interface ColdImport {
  readonly bareNode: number
  readonly withImport: number
}

/** Measures the time that loading the built core adds to an otherwise idle process. */
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
