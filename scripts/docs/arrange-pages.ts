import type { DocumentReflection } from 'typedoc'

/** Groups of pages by the folder that a page lies in. `groupOrder` in typedoc.json puts them in order. */
const groups: readonly (readonly [RegExp, string])[] = [
  [/\/docs\/guides\/[^/]+$/, 'Guides'],
  [/\/docs\/decisions\/[^/]+$/, 'Decisions'],
  [/\/examples\/[^/]+\/[^/]+$/, 'Examples'],
]

/** A page is called by its heading, and listed with the others of its folder. */
export function arrange(page: DocumentReflection): void {
  const file = page.project.files.getReflectionPath(page) ?? ''
  page.name = titleOf(page.content.map((part) => part.text).join('')) ?? page.name
  page.frontmatter.group = groups.find(([folder]) => folder.test(file))?.[1] ?? 'About'
}

/** The first heading as plain text: no links, no code marks. */
export function titleOf(text: string): string | undefined {
  const heading = /^#\s+(.+)$/m.exec(text)?.[1]
  return heading
    ?.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')
    .trim()
}
