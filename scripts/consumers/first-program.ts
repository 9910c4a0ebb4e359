import { snippetsIn } from '../gates/check-snippets.ts'
import { fencesOf } from '../gates/page.ts'

/** The first program of a package's README. */
export interface FirstProgram {
  /** Packages in the page's first `npm install` lines, in the same form. */
  readonly installed: readonly string[]
  /** The first TypeScript fence, with the page's hidden code before it. */
  readonly checked: string
  /** The same without the hidden code, which the runner provides. */
  readonly code: string
  /** The packages that it imports. */
  readonly imports: readonly string[]
}

/** Reads the first program of a page. @throws Error The page has no program, or does not say what to install. */
export function firstProgramOf(page: string): FirstProgram {
  const [module] = snippetsIn(page).modules
  const fences = fencesOf(page)
  const fence = fences.find(({ opened }) => opened === module?.line)
  const lines = page.split('\n')
  const installation = fences
    .map(({ opened, closed }) => lines.slice(opened, closed - 1).flatMap(installedBy))
    .find((names) => names.length > 0)
  if (module === undefined || fence === undefined) throw new Error('there is no program')
  if (installation === undefined) throw new Error('nothing says what to install')
  const code = lines.slice(fence.opened, fence.closed - 1).join('\n')
  return { installed: [...new Set(installation)], checked: module.code, code, imports: importedBy(code) }
}

/** Returns the packages of an install command: `npm install --save-dev a b   # why` installs `a` and `b`. */
function installedBy(line: string): string[] {
  const [, words = ''] = /^\s*npm install ([^#]*)/.exec(line) ?? []
  return words.split(/\s+/).filter((word) => word !== '' && !word.startsWith('-'))
}

/** Returns the imported packages, without paths in them and without modules that are built into Node. */
export function importedBy(code: string): string[] {
  const specifiers = [...code.matchAll(/\b(?:from|import|import\() ?['"]([^'"]+)['"]/g)].map(
    ([, specifier = '']) => specifier,
  )
  const names = specifiers.map((specifier) =>
    specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/'),
  )
  return [...new Set(names.filter((name) => !name.startsWith('node:')))]
}
