import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { surfaceReports } from '../docs/surface.ts'
import { type Verdict, verdict } from './gate.ts'
import { root } from './repository.ts'
import { runTool } from './run-tool.ts'

const REMEDY = 'If this is meant: `node scripts/surface.ts`, and a changeset.'

/** Compares the packages' surface with `docs/surface`, so that reviewers see each change. */
export async function checkSurface(base: string = join(root, 'docs', 'surface')): Promise<Verdict> {
  const reports = surfaceReports()
  return compareReports(reports, base)
}

/** @returns a failure with the differences, as git shows them, and what has no docstring; else the count of entry points */
export async function compareReports(reports: ReadonlyMap<string, string>, base: string): Promise<Verdict> {
  const told = readdirSync(base).filter((file) => file.endsWith('.api.md'))
  const problems = told
    .filter((file) => !reports.has(file))
    .map((file) => `${file} tells of an entry point that is not there`)
  for (const [file, text] of reports) {
    if (!told.includes(file)) problems.push(`${file} is missing`)
    else if (readFileSync(join(base, file), 'utf8') !== text) problems.push(await difference(join(base, file), text))
  }
  const differences = problems.length === 0 ? [] : [...problems, REMEDY]
  return verdict([...differences, ...undocumentedIn(reports)], `${reports.size} entry points`)
}

/** Returns one line for each exported name or member without a docstring: the report, and its text there. */
function undocumentedIn(reports: ReadonlyMap<string, string>): readonly string[] {
  return [...reports].flatMap(([file, report]) =>
    placesIn(report).map((place) => `${file} shows a name without a docstring, write one: ${place}`),
  )
}

function placesIn(report: string): readonly string[] {
  const lines = report.split('\n')
  return lines.flatMap((line, index) => {
    if (!/^\s*\/\/.*\(undocumented\)$/.test(line)) return []
    const shown = (lines[index + 1] ?? '').trim()
    // Names and codes of errors need no docstring: the value explains them.
    if (/^readonly (name|code) = "/.test(shown)) return []
    const owner = line.startsWith(' ') ? lines.slice(0, index).findLast((one) => /^\w/.test(one)) : undefined
    return [owner === undefined ? shown : `${owner} ${shown}`]
  })
}

async function difference(file: string, text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-difference-'))
  try {
    const built = join(folder, 'built')
    writeFileSync(built, text)
    const { output } = await runTool('git', ['diff', '--no-index', '--no-color', '--unified=2', file, built])
    return output.replaceAll(file, file.slice(root.length)).replaceAll(built, 'what was built').trim()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Writes the reports. @returns a failure with what has no docstring; else the count of entry points */
export function writeSurface(base: string = join(root, 'docs', 'surface')): Verdict {
  const reports = surfaceReports()
  rmSync(base, { recursive: true, force: true })
  mkdirSync(base, { recursive: true })
  for (const [file, text] of reports) writeFileSync(join(base, file), text)
  return verdict(undocumentedIn(reports), `${reports.size} entry points`)
}
