import { inspect } from 'node:util'

/** All that a logger, a page or a template could print of a value: getters are read, and its own methods are called. */
export function printed(value: unknown): string {
  const texts: string[] = []
  const attempt = (show: () => unknown): void => {
    try {
      walk(show())
    } catch (error) {
      walk(error)
    }
  }
  const seen = new Set<unknown>()
  const walk = (part: unknown, depth = 0): void => {
    if (typeof part === 'string') texts.push(part)
    if (!(typeof part === 'object' || typeof part === 'function') || part === null || seen.has(part) || depth > 5_000)
      return
    seen.add(part)
    const fields = part as Record<PropertyKey, unknown>
    for (const key of [...Reflect.ownKeys(part), ...shownKeys]) {
      texts.push(String(key))
      walk(fields[key], depth + 1)
    }
    for (const show of writers) attempt(() => show(part))
  }
  walk(value)
  return texts.join('\n')
}

const shownKeys = ['message', 'name', 'stack', 'cause', Symbol.toStringTag]
const everything = { depth: Number.POSITIVE_INFINITY, maxArrayLength: null, maxStringLength: null }
const writers: readonly ((value: object) => unknown)[] = [
  (value) => inspect(value, everything),
  (value) => inspect(value, { ...everything, showHidden: true, getters: true }),
  JSON.stringify,
  (value) => `${value}`,
  (value) => value.valueOf(),
]
