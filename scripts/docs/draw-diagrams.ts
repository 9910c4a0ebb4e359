import { copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Application, PageEvent, RendererEvent } from 'typedoc'

/** One file without dependencies. The whole of mermaid brings a hundred packages, for kinds of diagrams that are not here. */
const library = createRequire(import.meta.url).resolve('@mermaid-js/tiny')
const MARK = '<pre class="mermaid">'

/** What typedoc's parser lets us change of a fence. */
interface Parser {
  readonly renderer: { readonly rules: Record<string, Rule | undefined> }
}
type Rule = (
  tokens: readonly { readonly info: string; readonly content: string }[],
  index: number,
  ...rest: unknown[]
) => string

/** Fences of mermaid stay text in the page, which the browser draws, as GitHub does. */
export function keepDiagrams({ renderer: { rules } }: Parser): void {
  const fence = rules.fence
  rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    if (token?.info.trim() === 'mermaid') return `${MARK}${escaped(token.content)}</pre>\n`
    return fence?.(tokens, index, ...rest) ?? ''
  }
}

/** Gives pages that have a diagram what draws it, from the site's own files. */
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
