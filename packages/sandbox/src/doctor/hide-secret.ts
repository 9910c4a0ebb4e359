import type { DoctorOptions } from './options.ts'
import type { Finding } from './report.ts'

/** Removes the secret from a server's text, in each form in which it was sent or may be written. */
export function hideSecret(finding: Finding, { clientId = '', clientSecret: secret }: DoctorOptions): Finding {
  if (secret === undefined || secret === '') return finding
  const pairs = [`${formEncoded(clientId)}:${formEncoded(secret)}`, `${clientId}:${secret}`]
  const encoded = [...pairs, secret].map((text) => patternOf(base64Of(text)))
  // Longest first: a shorter form inside it is removed with it.
  const forms = new RegExp([...encoded, patternOf(secret)].join('|'), 'gu')
  const hide = (text: string) => text.replaceAll(forms, '[secret]')
  const { message, fix } = finding
  return { ...finding, message: hide(message), ...(fix !== undefined && { fix: hide(fix) }) }
}

/** Encodes a text for a form (RFC 6749 §2.3.1, appendix B). */
export const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

/** Returns the characters of a text in base64. Padding may be missing, so it is left out. */
const base64Of = (text: string): string => Buffer.from(text).toString('base64').replaceAll('=', '')

/** Treats consecutive backslashes as one piece: JSON doubles them, and single ones could be split in many ways. */
const patternOf = (text: string): string => (text.match(/\\+|[^\\]/gu) ?? []).map(spellingsOf).join('')

const NAMED: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }

/** Characters in the URL alphabet, and a space in forms. */
const ALIASES: Readonly<Record<string, string>> = { '+': '-', '/': '_', ' ': '\\+' }

/**
 * Returns a pattern for one character, or for consecutive backslashes: unescaped, and in escapes of URLs, HTML and
 * JSON, in letters of either case, and escaped more than once.
 */
function spellingsOf(piece: string): string {
  if (piece.startsWith('\\')) {
    const each = '(?:%(?:25){0,4}5[cC]|&(?:amp;){0,4}#0{0,6}92;?|&(?:amp;){0,4}#[xX]0{0,6}5[cC];?)'
    return `(?:\\\\{${piece.length},${piece.length * 8}}(?:u005[cC])?|${each}{${piece.length}})`
  }
  const code = piece.codePointAt(0) as number
  const bytes = [...Buffer.from(piece)].map((byte) => `%(?:25){0,4}${anyCase(byte.toString(16).padStart(2, '0'))}`)
  const units = Array.from({ length: piece.length }, (_, at) => piece.charCodeAt(at))
  const json = units.map((unit) => `\\\\{1,8}u${anyCase(unit.toString(16).padStart(4, '0'))}`)
  const name = NAMED[piece]
  const alias = ALIASES[piece]
  return `(?:${[
    bytes.join(''),
    `&(?:amp;){0,4}#0{0,6}${code};?`,
    `&(?:amp;){0,4}#[xX]0{0,6}${anyCase(code.toString(16))};?`,
    json.join(''),
    ...(name === undefined ? [] : [`&(?:amp;){0,4}${name};`]),
    `${ESCAPED.has(piece) ? '\\\\{0,8}' : ''}${literal(piece)}`,
    ...(alias === undefined ? [] : [alias]),
  ].join('|')})`
}

/** Characters that a backslash may escape in JSON and in code. */
const ESCAPED: ReadonlySet<string> = new Set(['"', "'", '/'])

const anyCase = (hex: string): string =>
  [...hex].map((digit) => (/[a-f]/.test(digit) ? `[${digit}${digit.toUpperCase()}]` : digit)).join('')

/** Escapes syntax characters only: under the flag `u`, no others may be escaped. */
const literal = (character: string): string => character.replace(/[\^$\\.*+?()[\]{}|/]/, '\\$&')
