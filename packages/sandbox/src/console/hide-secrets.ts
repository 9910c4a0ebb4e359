import { withoutTokens } from '../events/index.ts'

/** Removes tokens and known secrets from all texts of a value. Returns a copy. */
export type HideSecrets = <Value>(value: Value) => Value

/** Longer texts are cut, and lists and objects with more members: the guard's own are shorter. */
const MAX_TEXT = 8000
const MAX_MEMBERS = 200
const MAX_DEPTH = 48

/** Names of fields that hold random ids of the guard. They open nothing. */
const IDS: readonly string[] = ['callId', 'approvalId', 'delegationId']

/** Opaque tokens mix digits and letters of both cases. Long names of tools do not. */
const RANDOM = /(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{40,}|eyJ[\w-]+(?:\.[\w-]*)+/g

/** @param secrets - Texts that open something at this sandbox, in whatever form. */
export function hideSecrets(secrets: readonly string[]): HideSecrets {
  const known = secrets.filter((secret) => secret.length > 0)
  const textOf = (text: string, field: string) => {
    const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
    if (IDS.includes(field)) return short
    const unknown = field === 'tool' ? short.replaceAll(RANDOM, '[hidden]') : withoutTokens(short)
    return known.reduce((hidden, secret) => hidden.replaceAll(secret, '[hidden]'), unknown)
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
