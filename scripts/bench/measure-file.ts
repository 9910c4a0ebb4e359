import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Section } from './figures.ts'

const runFile = fileURLToPath(new URL('run-file.ts', import.meta.url))

/** Measures a file in a process of its own, which prints as it goes. */
export function measureFile(file: string): Section[] {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-bench-'))
  try {
    const results = join(folder, 'sections.json')
    execFileSync(process.execPath, [...process.execArgv, runFile, file, results], { stdio: 'inherit' })
    return JSON.parse(readFileSync(results, 'utf8')) as Section[]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
