import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Application, PageEvent, RendererEvent } from 'typedoc'

/**
 * One file without dependencies. The whole of mermaid has a hundred dependencies, for diagrams that the site does not
 * use.
 */
const library = createRequire(import.meta.url).resolve('@mermaid-js/tiny')
const MARK = '<pre class="mermaid">'

/** The part of typedoc's parser that can be changed for a fence. */
interface Parser {
  readonly renderer: { readonly rules: Record<string, Rule | undefined> }
}
type Rule = (
  tokens: readonly { readonly info: string; readonly content: string }[],
  index: number,
  ...rest: unknown[]
) => string

/** Keeps fences of mermaid as text in the page. The browser draws them, as on GitHub. */
export function keepDiagrams({ renderer: { rules } }: Parser): void {
  const fence = rules.fence
  rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    if (token?.info.trim() === 'mermaid') return `${MARK}${escaped(token.content)}</pre>\n`
    return fence?.(tokens, index, ...rest) ?? ''
  }
}

/** Adds the drawing script, from the site's own files, to pages that have a diagram. */
export function drawDiagrams(app: Application): void {
  app.renderer.on(PageEvent.END, (page: PageEvent) => {
    if (page.contents?.includes(MARK) !== true) return
    const up = '../'.repeat(page.url.split('/').length - 1)
    const script = `<script src="${up}assets/mermaid.js"></script><script>${START}</script>`
    page.contents = page.contents.replace('</body>', `${script}</body>`)
  })
  app.renderer.on(RendererEvent.END, ({ outputDirectory }: RendererEvent) =>
    copyFileSync(library, join(outputDirectory, 'assets', 'mermaid.js')),
  )
}

/** The theme that the reader chose in typedoc's settings, else the system's. */
const START = `
const chosen = localStorage.getItem('tsd-theme')
const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
mermaid.initialize({ startOnLoad: true, theme: dark ? 'dark' : 'neutral', securityLevel: 'strict', flowchart: { useMaxWidth: false } })`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
