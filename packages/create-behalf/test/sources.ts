import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { run } from '../src/run.ts'

/** Makes a folder inside of this package, so that apps in it find what the workspace has installed. */
export function workshop(): string {
  const parent = fileURLToPath(new URL('../.behalf/', import.meta.url))
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'apps-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a command line without a terminal. */
export async function command(...args: readonly string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const code = await run(args, { stdin, stdout, stderr })
  const read = (stream: PassThrough) => String(stream.read() ?? '')
  return { code, output: read(stdout), problem: read(stderr) }
}
