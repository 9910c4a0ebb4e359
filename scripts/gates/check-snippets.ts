import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { type Fence, fencesOf } from './page.ts'
import { pages, root } from './repository.ts'
import { runTool } from './run-tool.ts'

/** Inside `docs`, so that imports resolve to what `docs/package.json` lists. */
const parent = join(root, 'docs', '.snippets')

/**
 * Type-checks the code in the pages.
 *
 * Each TypeScript fence is a module of its own. Before it, in the page and hidden from readers, may stand:
 * - `<!-- prelude` … `-->`: code put before every later snippet of the page; an empty one ends that;
 * - `<!-- continues -->`: the next snippet goes on where the one before it ended.
 *
 * Nothing is exempt: there is no mark that turns the check off.
 */
export async function checkSnippets(base: string = root): Promise<Verdict> {
  const problems: string[] = []
  const modules = new Map<string, { readonly page: string; readonly code: string }>()
  for (const page of pages(base)) {
    const found = snippetsIn(readFileSync(join(base, page), 'utf8'))
    problems.push(...found.refused.map(({ line, reason }) => `${page}:${line}: ${reason}`))
    for (const { line, code } of found.modules) {
      modules.set(`${page.replaceAll(/[^\w]+/g, '-')}-${line}.ts`, { page, code })
    }
  }
  if (modules.size > 0) problems.push(...(await compile(modules)))
  return verdict(problems, `${modules.size} snippets`)
}

/** @returns The compiler's messages, each with its line in the page. */
async function compile(
  modules: ReadonlyMap<string, { readonly page: string; readonly code: string }>,
): Promise<string[]> {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'run-'))
  try {
    for (const [name, { code }] of modules) writeFileSync(join(folder, name), code)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
    const compilerOptions = { types: ['node'] }
    const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { code, output } = await runTool('tsc', ['-p', folder])
    if (code === 0) return []
    const inPage = output.replaceAll(
      /^\S*[\\/]run-\w+[\\/]([^(]+)\((\d+),(\d+)\)/gm,
      (_, name: string, line: string, column: string) => `${modules.get(name)?.page}:${line}:${column}`,
    )
    return [inPage.trim()]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Problem {
  readonly line: number
  readonly reason: string
}

export interface Snippets {
  /** `code` keeps every line at its number in the page, so that compiler messages point there. */
  readonly modules: readonly { readonly line: number; readonly code: string }[]
  readonly refused: readonly Problem[]
}

/** Finds the snippets of a page. */
export function snippetsIn(page: string): Snippets {
  const lines = page.split('\n')
  const fences = fencesOf(page)
  const modules: { line: number; code: string }[] = []
  let body: number[] = []
  for (const fence of fences.filter(isTypeScript)) {
    const marks = marksBefore(page, fences, fence)
    const own = between(fence.opened, fence.closed)
    body = marks.continues ? [...body, ...own] : own
    const kept = new Set([...marks.prelude, ...body])
    modules.push({ line: fence.opened, code: lines.map((text, index) => (kept.has(index + 1) ? text : '')).join('\n') })
  }
  return { modules, refused: fences.flatMap((fence) => refusalOf(fence, lines)) }
}

const isTypeScript = ({ language }: Fence): boolean => /^(ts|mts|typescript)$/.test(language)

function refusalOf(fence: Fence, lines: readonly string[]): Problem[] {
  const refuse = (reason: string): Problem[] => [{ line: fence.opened, reason }]
  if (fence.closed > lines.length) return refuse('this fence is never closed')
  if (/^(js|jsx|tsx|mjs|cjs|javascript)$/.test(fence.language)) return refuse('write it as `ts`, so that it is checked')
  if (!isTypeScript(fence)) return []
  if (fence.attributes !== '')
    return refuse(`a snippet takes no mark, and this has ${JSON.stringify(fence.attributes)}`)
  const code = lines.slice(fence.opened, fence.closed - 1).join('\n')
  const isUnchecked = /access\.\w+\.fetch\([\s\S]*\.json\(\)/.test(code) && !/\.ok\b/.test(code)
  if (isUnchecked) return refuse('a tool may not return a refused response: check that it is `ok`')
  return /@ts-(nocheck|ignore)\b/.test(code) ? refuse('a snippet may not turn the compiler off') : []
}

/** Returns what the comments between the previous fence and `fence` say about it. */
function marksBefore(page: string, fences: readonly Fence[], fence: Fence): { prelude: number[]; continues: boolean } {
  const previous = fences.filter(({ closed }) => closed < fence.opened).at(-1)?.closed ?? 0
  let prelude: number[] = []
  let continues = false
  for (const match of page.matchAll(/^<!--[ \t]*(prelude|continues)\b([\s\S]*?)-->/gm)) {
    const first = page.slice(0, match.index).split('\n').length
    const last = first + match[0].split('\n').length - 1
    if (last >= fence.opened || fences.some(({ opened, closed }) => first > opened && first < closed)) continue
    if (match[1] === 'prelude') prelude = between(first, last)
    else continues ||= first > previous
  }
  return { prelude, continues }
}

/** Returns the line numbers strictly between two lines. */
const between = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first - 1) }, (_, index) => first + 1 + index)
