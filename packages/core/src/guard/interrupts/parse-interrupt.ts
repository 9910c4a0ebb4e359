import type { Interrupt, InterruptKind } from '../../base/contract/index.ts'
// Not imported from the folder's index, which loads modules of Node: browsers load this file.
import { parsedJson } from '../../base/values/plain-json.ts'

const kinds: readonly InterruptKind[] = [
  'login_required',
  'connection_required',
  'approval_pending',
  'step_up_required',
]

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads an interrupt from a framework, a checkpoint or a browser: as JSON text, or parsed.
 *
 * Proves nothing: a party that can write the conversation can write an interrupt. Drops unknown fields. Refuses a `url`
 * that is not a web address, since apps show it as a link.
 *
 * @returns `undefined` for any other value, and for an unknown version.
 */
export function parseInterrupt(value: unknown): Interrupt | undefined {
  const fields = typeof value === 'string' ? parsedJson(value) : value
  if (!isFields(fields) || fields.v !== 1) return undefined
  const { kind, id, tool, message } = fields
  if (!isKind(kind) || !isText(id) || !isText(tool) || typeof message !== 'string') return undefined
  const rest = Object.entries(optional).filter(([field]) => fields[field] !== undefined)
  if (!rest.every(([field, isRight]) => isRight(fields[field]))) return undefined
  return { v: 1, kind, id, tool, message, ...Object.fromEntries(rest.map(([field]) => [field, fields[field]])) }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isKind = (value: unknown): value is InterruptKind => kinds.some((kind) => kind === value)

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)

const isSeconds = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0

function isWebAddress(value: unknown): boolean {
  // A page of the app may be named without its origin.
  if (typeof value !== 'string' || !URL.canParse(value, 'https://app.invalid/')) return false
  return ['https:', 'http:'].includes(new URL(value, 'https://app.invalid/').protocol)
}

const optional = {
  expiresAt: isSeconds,
  interval: isSeconds,
  connection: isText,
  scopes: isTexts,
  acrValues: isTexts,
  maxAge: isSeconds,
  url: isWebAddress,
  proof: isText,
}
