import type { IdentityOf } from '../../../../src/entrypoints/identity.ts'
import { verifyAccessToken } from '../../../../src/index.ts'
import { getToken, profile } from './setup.ts'

// In the options of NextAuth: the tokens go into the encrypted cookie, and not into what `session` shows the browser.
export const callbacks = {
  jwt: ({ token, account }: { token: object; account?: { access_token?: string } | null }) =>
    account?.access_token === undefined ? token : { ...token, accessToken: account.access_token },
}

export const identityOf: IdentityOf = async (request) => {
  const session = await getToken({ req: request, secret: process.env.AUTH_SECRET })
  if (typeof session?.accessToken !== 'string') return undefined
  return verifyAccessToken(session.accessToken, {
    authorizationServer: profile,
    audience: 'https://agent.example.com',
  })
}
