import type { IdentityOf } from '../../../../src/entrypoints/identity.ts'
import { verifyAccessToken } from '../../../../src/index.ts'
import { profile } from './setup.ts'

/** What express-session adds to a request, and the login route has put there. */
interface SessionRequest {
  readonly session: { readonly accessToken?: string }
}

export const identityOf: IdentityOf<SessionRequest> = async ({ session }) => {
  if (session.accessToken === undefined) return undefined
  return verifyAccessToken(session.accessToken, {
    authorizationServer: profile,
    audience: 'https://agent.example.com',
  })
}
