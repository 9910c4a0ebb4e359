import * as z from 'zod/mini'
import { OAuthResponseError, TransportError } from '../base/errors/index.ts'

const text = z.string()
const number = z.optional(z.number())

const schema = z.union([
  z.object({
    v: z.literal(1),
    /** Epoch milliseconds. */
    at: z.number(),
    kind: z.literal('refused'),
    error: text,
    errorDescription: z.optional(text),
    status: z.number(),
    retryAfter: number,
    acrValues: z.optional(z.array(text)),
    maxAge: number,
  }),
  z.object({ v: z.literal(1), at: z.number(), kind: z.literal('outage'), retryAfter: number, status: number }),
])

/**
 * Encodes the reason why an exchange failed, for processes that waited for it. `undefined`: each of them tries by
 * itself.
 */
export function encodeFailure(error: unknown, at: number): string | undefined {
  if (error instanceof OAuthResponseError) {
    const { error: code, errorDescription, status, retryAfter, acrValues, maxAge } = error
    return JSON.stringify({
      v: 1,
      at,
      kind: 'refused',
      error: code,
      errorDescription,
      status,
      retryAfter,
      acrValues,
      maxAge,
    })
  }
  if (!(error instanceof TransportError)) return undefined
  const { retryAfter, status } = error
  return JSON.stringify({ v: 1, at, kind: 'outage', retryAfter, status })
}

/** Decodes the error. `undefined` if the text is no failure, or one from before `since`, in epoch milliseconds. */
export function decodeFailure(json: string, since: number): OAuthResponseError | TransportError | undefined {
  const { success, data } = schema.safeParse(JSON.parse(json))
  if (!success || data.at < since) return undefined
  const { v: _v, at: _a, kind, ...fields } = data
  return kind === 'refused'
    ? new OAuthResponseError(fields as ConstructorParameters<typeof OAuthResponseError>[0])
    : new TransportError('another process had no answer to this exchange', fields as object)
}
