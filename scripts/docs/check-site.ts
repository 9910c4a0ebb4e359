import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Result of a check of the built site. */
export interface SiteCheck {
  readonly problems: readonly string[]
  readonly pages: number
  /** Links within the site. */
  readonly links: number
  /** External links. They are counted, not followed. */
  readonly external: number
}

/** Checks that every link, image and script leads to a file of the site, and every anchor to an element. */
export function checkSite(site: string): SiteCheck {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).map((file) => file.replaceAll('\\', '/'))
  const known = new Set(files)
  const pages = files.filter((file) => file.endsWith('.html')).sort()
  const texts = new Map(pages.map((page) => [page, readFileSync(join(site, page), 'utf8')]))
  const anchors = new Map<string, Set<string>>()
  const anchorsOf = (page: string): Set<string> => {
    const found = anchors.get(page) ?? idsOf(texts.get(page) ?? '')
    anchors.set(page, found)
    return found
  }
  const problems: string[] = []
  let links = 0
  let external = 0
  for (const [page, text] of texts) {
    for (const target of targetsOf(text)) {
      if (/^[a-z][a-z+.-]*:|^\/\//i.test(target)) {
        external++
        if (!isAddress(target)) problems.push(`${page}: ${target} is not an address`)
        continue
      }
      links++
      const problem = follow(page, target, known, anchorsOf)
      if (problem !== undefined) problems.push(`${page}: ${problem}`)
    }
  }
  return { problems, pages: pages.length, links, external }
}

function follow(
  page: string,
  target: string,
  known: ReadonlySet<string>,
  anchorsOf: (page: string) => ReadonlySet<string>,
): string | undefined {
  const [path = '', anchor] = target.split('#')
  const plain = decodeURIComponent(path.replace(/\?.*$/, ''))
  const file = plain === '' ? page : posix.normalize(posix.join(posix.dirname(page), plain))
  if (!known.has(file)) return `${target} leads to no file of the site`
  if (anchor === undefined || anchor === '' || !file.endsWith('.html')) return undefined
  return anchorsOf(file).has(decodeURIComponent(anchor)) ? undefined : `${target} leads to no element of ${file}`
}

const isAddress = (target: string): boolean =>
  URL.canParse(target) && /^(https?|mailto):$/.test(new URL(target).protocol)

/** Returns the link targets of a page. Code in a page is escaped, so everything that looks like a tag is a tag. */
function targetsOf(text: string): string[] {
  const tags = text.replaceAll(/<script\b[^>]*>[\s\S]*?<\/script>/g, (script) =>
    script.slice(0, script.indexOf('>') + 1),
  )
  return [...tags.matchAll(/<(?:a|link|img|script|source)\b[^>]*?\s(?:href|src|srcset)="([^"]*)"/g)].map(([, target]) =>
    (target ?? '').replaceAll('&amp;', '&'),
  )
}

const idsOf = (text: string): Set<string> => new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id ?? ''))
