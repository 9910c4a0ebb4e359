import type { DocumentReflection } from 'typedoc'

/** Groups of pages, by folder. `groupOrder` in typedoc.json sorts them. */
const groups: readonly (readonly [RegExp, string])[] = [
  [/\/docs\/guides\/[^/]+$/, 'Guides'],
  [/\/docs\/decisions\/[^/]+$/, 'Decisions'],
  [/\/examples\/[^/]+\/[^/]+$/, 'Examples'],
]

/** Names a page by its heading, and groups it by its folder. */
export function arrange(page: DocumentReflection): void {
  const file = page.project.files.getReflectionPath(page) ?? ''
  page.name = titleOf(page.content.map((part) => part.text).join('')) ?? page.name
  page.frontmatter.group = groups.find(([folder]) => folder.test(file))?.[1] ?? 'About'
}

/** Returns the first heading as plain text: without links and code marks. */
export function titleOf(text: string): string | undefined {
  const heading = /^#\s+(.+)$/m.exec(text)?.[1]
  return heading
    ?.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll('`', '')
    .trim()
}
