import { once } from '../lib/index.ts'

const decoding = once(() => import('jose/jwt/decode'))

/** What a JWT says, unverified: it may speak against the token, and never for it. `undefined` of what is no JWT. */
export async function unverifiedClaims(token: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { decodeJwt } = await decoding()
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
