import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { type Fence, fencesOf } from './page.ts'
import { pages, root } from './repository.ts'
import { runTool } from './run-tool.ts'

/** Inside `docs`, so that imports resolve to what `docs/package.json` lists. */
const folder = join(root, 'docs', '.snippets')

/**
 * Type-checks the code in the pages.
 *
 * Each TypeScript fence is a module of its own. Before it, in the page and hidden from readers, may stand:
 * - `<!-- prelude` … `-->`: code put before every later snippet of the page; an empty one ends that;
 * - `<!-- continues -->`: the next snippet goes on where the one before it ended.
 *
 * Nothing is exempt: there is no mark that turns the check off.
 */
export async function checkSnippets(): Promise<Verdict> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const problems: string[] = []
  const origin = new Map<string, string>()
  for (const page of pages()) {
    const { modules, refused } = snippetsIn(readFileSync(join(root, page), 'utf8'))
    problems.push(...refused.map(({ line, reason }) => `${page}:${line}: ${reason}`))
    for (const { line, code } of modules) {
      const name = `${page.replaceAll(/[^\w]+/g, '-')}-${line}.ts`
      writeFileSync(join(folder, name), code)
      origin.set(name, page)
    }
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions: { types: ['node'] }, include: ['*.ts'] }),
  )
  if (origin.size > 0) {
    const { code, output } = await runTool('tsc', ['-p', folder])
    const inPage = output.replaceAll(
      /^docs\/\.snippets\/([^(]+)\((\d+),(\d+)\)/gm,
      (_, name: string, line: string, column: string) => `${origin.get(name)}:${line}:${column}`,
    )
    if (code !== 0) problems.push(inPage.trim())
  }
  return verdict(problems, `${origin.size} snippets`)
}

interface Problem {
  readonly line: number
  readonly reason: string
}

export interface Snippets {
  /** `code` keeps every line at its number in the page, so that a compiler message points there. */
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
  return { modules, refused: fences.flatMap((fence) => refusalOf(fence, lines.length)) }
}

const isTypeScript = ({ language }: Fence): boolean => /^(ts|tsx|mts|typescript)$/.test(language)

function refusalOf(fence: Fence, pageLength: number): Problem[] {
  const refuse = (reason: string): Problem[] => [{ line: fence.opened, reason }]
  if (fence.closed > pageLength) return refuse('this fence is never closed')
  if (/^(js|jsx|mjs|cjs|javascript)$/.test(fence.language))
    return refuse('write it in TypeScript, so that it is checked')
  if (isTypeScript(fence) && fence.attributes !== '') {
    return refuse(`a snippet takes no mark, and this one has ${JSON.stringify(fence.attributes)}`)
  }
  return []
}

/** What the comments between the fences before `fence` say about it. */
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

/** The lines strictly between two. */
const between = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first - 1) }, (_, index) => first + 1 + index)
