import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { proseOf } from './page.ts'
import { pages, root } from './repository.ts'

/** Links between pages, and from pages to files, lead somewhere; so do their anchors. */
export function checkLinks(base: string = root): Verdict {
  const problems: string[] = []
  let count = 0
  for (const page of pages(base)) {
    const text = readFileSync(join(base, page), 'utf8')
    const links = linksIn(text).filter(({ target }) => !/^[a-z][a-z+.-]*:/i.test(target))
    count += links.length
    for (const { line, target } of links) {
      const problem = follow(base, page, target)
      if (problem !== undefined) problems.push(`${page}:${line}: ${problem}`)
    }
  }
  return verdict(problems, `${count} links`)
}

function follow(base: string, page: string, target: string): string | undefined {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)))
  const full = join(base, file)
  if (file.startsWith('..') || !existsSync(full)) return `${target} leads to no file of this repository`
  if (anchor === undefined || !file.endsWith('.md') || statSync(full).isDirectory()) return undefined
  if (anchorsOf(readFileSync(full, 'utf8')).has(anchor)) return undefined
  return `${file} has no heading #${anchor}`
}

/** Targets of `[text](target)`, `![text](target)` and `[name]: target`. */
export function linksIn(text: string): { readonly line: number; readonly target: string }[] {
  return proseOf(text).flatMap(({ line, content }) => {
    const plain = content.replaceAll(/`[^`]*`/g, '')
    const inline = [...plain.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)]
    const reference = [...plain.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g)]
    return [...inline, ...reference].map((match) => ({ line, target: match[1] ?? '' }))
  })
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  for (const { content } of proseOf(text)) {
    const title = /^#{1,6}\s+(.*?)\s*#*$/.exec(content)?.[1]
    if (title === undefined) continue
    const slug = title
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-')
    const earlier = seen.get(slug)
    seen.set(slug, (earlier ?? 0) + 1)
    anchors.add(earlier === undefined ? slug : `${slug}-${earlier}`)
  }
  return anchors
}
