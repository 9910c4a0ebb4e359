import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Verdict, verdict } from './gate.ts'
import { files, root } from './repository.ts'

interface Entry {
  readonly id: string
  readonly file: string
}

const page = join('docs', 'invariants.md')
const REMEDY = 'run `node scripts/invariants.ts` and look at what changed'

/**
 * Checks that every listed requirement of a specification, and every invariant, has a test that cites it. Checks that
 * tests cite no unknown ids, and that the lists of tests in `docs/invariants.md` match the sources.
 */
export async function checkRequirements(base: string = root): Promise<Verdict> {
  const { entries, problems } = await readRequirements(base)
  const text = readFileSync(join(base, page), 'utf8')
  const invariants = [...text.matchAll(/^### ([A-Z]\d+) /gm)].map(([, id = '']) => ({ id, file: page }))
  const citations = readCitations(base)
  problems.push(...compare([...entries, ...invariants], citations))
  if (entries.length === 0) problems.push('no requirement was found')
  if (invariants.length === 0) problems.push(`${page} names no invariant`)
  if (withTests(text, citations) !== text) problems.push(`${page} lists other tests than there are: ${REMEDY}`)
  return verdict(
    problems,
    `${entries.length} requirements, ${invariants.length} invariants, ${citations.length} citations`,
  )
}

/** Returns every place where `verifies` names what a test proves. */
export function readCitations(base: string = root): readonly Entry[] {
  const tests = ['{packages,examples}/*/test/**/*.{test,long}.ts', 'packages/*/src/contract/**/*.ts']
  return files(tests, base).flatMap((file) =>
    citedIn(readFileSync(join(base, file), 'utf8')).map((id) => ({ id, file: file.replaceAll('\\', '/') })),
  )
}

/** Returns the text of `docs/invariants.md` with the citing test files below each invariant. */
export function withTests(text: string, citations: readonly Entry[]): string {
  return text
    .split(/^(?=### )/m)
    .map((section) => {
      const id = /^### ([A-Z]\d+) /.exec(section)?.[1]
      const cited = new Set(citations.filter((one) => one.id === id).map(({ file }) => file))
      const list = [...cited].sort().map((file) => `- [${nameOf(file)}](../${file})\n`)
      return section.replace(
        /(<!-- tests -->\n)[\s\S]*?(<!-- \/tests -->)/,
        (_, open, close) => open + list.join('') + close,
      )
    })
    .join('')
}

/** Returns a short name, such as `guard/attacks`, `stores/killed-workers` or `testing/contract/…`. */
function nameOf(file: string): string {
  const [, name = '', , ...path] = file.split('/')
  const rest = [...path.slice(0, -1), basename(file).replace(/\.test\.ts$|\.ts$/, '')].join('/')
  return name === 'core' ? rest.replace(/^unit\//, '') : `${name}/${rest}`
}

async function readRequirements(base: string): Promise<{ readonly entries: Entry[]; readonly problems: string[] }> {
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
  return { entries, problems }
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

/** Returns the ids that a test file passes to `verifies` as first argument: one, or a list. */
export function citedIn(source: string): string[] {
  const firsts = [...source.matchAll(/\bverifies\(\s*(?:\[([^\]]*)\]|(['"`][^'"`]+['"`]))/g)]
  return firsts.flatMap(([, list = '', one = '']) =>
    [...`${list}${one}`.matchAll(/['"`]([^'"`]+)['"`]/g)].map(([, id]) => id ?? ''),
  )
}

/** Returns the differences between entries and citations. */
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
    if (!known.has(id)) problems.push(`${file}: verifies ${id}, which is neither a requirement nor an invariant`)
  return problems
}
