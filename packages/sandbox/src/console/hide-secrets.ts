import { withoutTokens } from '../events/index.ts'

/** Removes tokens and known secrets from all texts of a value. Returns a copy. */
export type HideSecrets = <Value>(value: Value) => Value

/** Limits of texts, lists and objects. Longer ones are cut; the guard's own are shorter. */
const MAX_TEXT = 8000
const MAX_MEMBERS = 200
const MAX_DEPTH = 48

/** Names of fields that hold random ids of the guard. They open nothing. */
const IDS: readonly string[] = ['callId', 'approvalId', 'delegationId']

/**
 * Returns whether a text looks random: opaque tokens mix digits and letters of both cases, and long tool names do not.
 */
const isRandom = (text: string): boolean => [/\d/, /[a-z]/, /[A-Z]/].every((kind) => kind.test(text))

/** Scans the text once: a report may be long, and the sandbox answers no other request during the scan. */
const inName = (text: string): string =>
  withoutTokens(text, (found) => (found.includes('.') || isRandom(found) ? '[hidden]' : found))

const hideOne = (text: string, secret: string): string => text.replaceAll(secret, '[hidden]')

/** @param secrets - Texts that grant access to this sandbox. They are hidden. */
export function hideSecrets(secrets: readonly string[]): HideSecrets {
  const known = secrets.filter((secret) => secret.length > 0)
  const textOf = (text: string, field: string) => {
    // Runs before a text is cut: the rest of a token would not be recognised.
    const whole = IDS.includes(field)
      ? text
      : known.reduce(hideOne, field === 'tool' ? inName(text) : withoutTokens(text))
    return whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT)}…` : whole
  }
  const copy = (value: unknown, field: string, depth: number): unknown => {
    if (typeof value === 'string') return textOf(value, field)
    if (typeof value !== 'object' || value === null) return value
    // An explanation ends in a list without members.
    if (depth >= MAX_DEPTH) return Array.isArray(value) ? [] : undefined
    if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((item) => copy(item, '', depth + 1))
    const members = Object.entries(value).slice(0, MAX_MEMBERS)
    return Object.fromEntries(members.map(([name, member]) => [textOf(name, 'tool'), copy(member, name, depth + 1)]))
  }
  return (value) => copy(value, '', 0) as typeof value
}
