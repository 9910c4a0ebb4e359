/** A fenced block of a Markdown page. Line numbers count from 1. */
export interface Fence {
  /** The first word after the opening mark, such as `ts`. */
  readonly language: string
  /** The rest of that line. */
  readonly attributes: string
  readonly opened: number
  /** Line of the closing mark. If it is missing, the line after the last one. */
  readonly closed: number
}

/** Returns the fenced blocks of a page, in order. */
export function fencesOf(page: string): Fence[] {
  const lines = page.split('\n')
  const fences: Fence[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, mark, language = '', attributes = ''] = /^\s*(`{3,}|~{3,})\s*(\S*)(.*)$/.exec(lines[at] ?? '') ?? []
    if (mark === undefined) continue
    const closing = new RegExp(`^\\s*${mark[0]}{${mark.length},}\\s*$`)
    const length = lines.slice(at + 1).findIndex((line) => closing.test(line))
    const closed = length === -1 ? lines.length + 1 : at + 2 + length
    fences.push({ language, attributes: attributes.trim(), opened: at + 1, closed })
    at = closed - 1
  }
  return fences
}
