import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { files, root } from './repository.ts'

const LIMIT = 300

/** A file that outgrows what one can hold in mind wants to be two. Tests count too. */
export function checkFileLength(base: string = root): Verdict {
  const sources = files(
    ['packages/*/{src,test,bench}/**/*.{ts,tsx}', 'examples/*/**/*.{ts,tsx}', 'scripts/**/*.{ts,mjs}', '*.ts'],
    base,
  )
  const problems = sources
    .map((path) => ({ path, lines: readFileSync(join(base, path), 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LIMIT)
    .map(({ path, lines }) => `${path}: ${lines} lines, and ${LIMIT} are the most. Split it by what it does.`)
  if (sources.length === 0) problems.push('no source file was found')
  return verdict(problems, `${sources.length} files`)
}
