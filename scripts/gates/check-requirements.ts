import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Verdict, verdict } from './gate.ts'
import { files, root } from './repository.ts'

interface Entry {
  readonly id: string
  readonly file: string
}

/**
 * Every demand of a specification that we wrote down has a test that cites it, and no test cites one
 * that is not written down.
 */
export async function checkRequirements(base: string = root): Promise<Verdict> {
  const entries: Entry[] = []
  const problems: string[] = []
  for (const file of files(['packages/*/test/conformance/requirements/*.ts'], base)) {
    for (const value of Object.values((await import(pathToFileURL(join(base, file)).href)) as object)) {
      if (!Array.isArray(value)) continue
      for (const item of value) {
        if (isRequirement(item)) entries.push({ id: item.id, file })
        else
          problems.push(
            `${file}: ${JSON.stringify(item)} lacks an id, a link to its clause (https) or a text that begins with MUST, MUST NOT or SHOULD`,
          )
      }
    }
  }
  const citations = files(['packages/*/test/**/*.test.ts'], base).flatMap((file) =>
    citedIn(readFileSync(join(base, file), 'utf8')).map((id) => ({ id, file })),
  )
  problems.push(...compare(entries, citations))
  if (entries.length === 0) problems.push('no requirement was found')
  return verdict(problems, `${entries.length} requirements, ${citations.length} citations`)
}

function isRequirement(item: unknown): item is { readonly id: string } {
  if (typeof item !== 'object' || item === null) return false
  const { id, clause, text } = item as Record<string, unknown>
  return (
    typeof id === 'string' &&
    typeof clause === 'string' &&
    clause.startsWith('https://') &&
    typeof text === 'string' &&
    /^(MUST NOT|MUST|SHOULD NOT|SHOULD)\b/.test(text)
  )
}

/** The ids that a test file names as first argument of `verifies`. */
export function citedIn(source: string): string[] {
  return [...source.matchAll(/\bverifies\(\s*(['"`])([^'"`]+)\1/g)].map((match) => match[2] ?? '')
}

/** What does not fit between entries and citations. */
function compare(entries: readonly Entry[], citations: readonly Entry[]): string[] {
  const known = new Map<string, string>()
  const problems: string[] = []
  for (const { id, file } of entries) {
    const first = known.get(id)
    if (first !== undefined) problems.push(`${file}: ${id} is there twice (first in ${first})`)
    else known.set(id, file)
  }
  const cited = new Set(citations.map(({ id }) => id))
  for (const [id, file] of known) if (!cited.has(id)) problems.push(`${file}: no test verifies ${id}`)
  for (const { id, file } of citations)
    if (!known.has(id)) problems.push(`${file}: verifies ${id}, which no requirement has`)
  return problems
}
