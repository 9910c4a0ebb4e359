import { createTextRedactor, type TextRedactor } from './redact-text.ts'
import { redactTokens } from './redact-tokens.ts'
import type { Token } from './token.ts'

type Kind = 'text' | 'bytes'

/**
 * Redacts the values of a stream or generator, piece by piece: strings and bytes together with their neighbours, plain
 * values each by itself (E4).
 */
export class PieceRedactor {
  readonly #tokens: () => readonly Token[]
  readonly #redactor: TextRedactor
  #kind: Kind = 'text'

  constructor(tokens: () => readonly Token[]) {
    this.#tokens = tokens
    this.#redactor = createTextRedactor(tokens)
  }

  /** Takes a piece, and returns the pieces that can now be released, in order. */
  push(piece: unknown): readonly unknown[] {
    if (typeof piece === 'string') return this.#flow('text', piece)
    if (piece instanceof Uint8Array) return this.#flow('bytes', textOf(piece))
    return [...this.end(), redactTokens(piece, this.#tokens())]
  }

  /** Returns the pieces that were held back. */
  end(): readonly unknown[] {
    return this.#given(this.#redactor.end())
  }

  /** Redacts a single value: an end, or a piece out of order. */
  value(value: unknown): unknown {
    return redactTokens(value, this.#tokens())
  }

  #flow(kind: Kind, text: string): readonly unknown[] {
    const before = kind === this.#kind ? [] : this.end()
    this.#kind = kind
    return [...before, ...this.#given(this.#redactor.push(text))]
  }

  #given(text: string): readonly unknown[] {
    if (text === '') return []
    return [this.#kind === 'text' ? text : bytesOf(text)]
  }
}

const BLOCK = 8192

/** Maps each byte to one character, so that any bytes are unchanged afterwards. Tokens are ASCII. */
function textOf(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += BLOCK) text += String.fromCharCode(...bytes.subarray(at, at + BLOCK))
  return text
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at)
  return bytes
}
