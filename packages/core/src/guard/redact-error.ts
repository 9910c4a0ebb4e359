import { redactTokens } from '../credential/index.ts'
import type { Token } from '../credential/token.ts'

/** How far down a chain of causes tokens are looked for. */
const MAX_CAUSES = 8

/**
 * Takes verbatim tokens out of an error that a body threw, in place: message, stack, own text fields, causes.
 * The error stays the body's own object.
 */
export function redactError(error: unknown, tokens: readonly Token[]): unknown {
  if (tokens.length === 0) return error
  let current = error
  for (let depth = 0; current instanceof Error && depth < MAX_CAUSES; depth++) {
    for (const key of Object.getOwnPropertyNames(current)) redactField(current, key, tokens)
    current = current.cause
  }
  return error instanceof Error ? error : redactTokens(error, tokens)
}

function redactField(error: Error, key: string, tokens: readonly Token[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(error, key)
  if (descriptor === undefined || key === 'cause') return
  // `stack` may be an accessor; reading it is how it is seen by whoever logs the error.
  const value = (error as unknown as Record<string, unknown>)[key]
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null)) return
  const redacted = redactTokens(value, tokens)
  if (redacted === value) return
  Object.defineProperty(error, key, { ...without(descriptor), value: redacted, writable: true, configurable: true })
}

const without = ({ enumerable = false }: PropertyDescriptor): { enumerable: boolean } => ({ enumerable })
