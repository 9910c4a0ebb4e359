import { redactTokens, type Token } from '../credential/index.ts'

const MAX_MESSAGE = 2_000
const MAX_STACK = 8_000
/** Tokens are looked for in so many characters; a longer text is not shown at all (E6). */
const MAX_READ = 65_536

/** A JWT, and the user and password of a URL: messages of other libraries are known to quote them. */
const secretShapes = /eyJ[\w-]{8,}(?:\.[\w-]*)+|(?<=:\/\/)[^\s/@]+(?=@)/g

/** An error of the app or of a library, as the operator may read it. */
export interface ErrorText {
  /** The name of its class. */
  readonly name: string
  readonly message: string
  readonly stack?: string
}

/** Reads name, message and stack of a thrown value, without these tokens. Never throws. */
export function describeError(error: unknown, tokens: readonly Token[]): ErrorText {
  const message = withoutSecrets(textOf(error, 'message'), MAX_MESSAGE, tokens)
  const stack = withoutSecrets(textOf(error, 'stack'), MAX_STACK, tokens)
  return { name: nameOf(error), message, ...(stack !== '' && { stack }) }
}

function withoutSecrets(text: string, most: number, tokens: readonly Token[]): string {
  if (text.length > MAX_READ) return `(longer than ${MAX_READ} characters)`
  return redactTokens(text, tokens).replaceAll(secretShapes, '[hidden]').slice(0, most)
}

/** Another library's error may have a getter that throws. */
function textOf(error: unknown, key: 'message' | 'stack'): string {
  try {
    if (typeof error === 'string') return key === 'message' ? error : ''
    const text: unknown = error instanceof Error ? error[key] : undefined
    return typeof text === 'string' ? text : ''
  } catch {
    return ''
  }
}

function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : typeof error
  return /^\w{1,64}$/.test(name) ? name : 'an error'
}
