import type { IdentityOf } from '../../../../src/entrypoints/identity.ts'
import { InvalidTokenError } from '../../../../src/index.ts'
import { identityOf } from './auth-js.ts'
import { guard, whoami } from './setup.ts'

/** A user whose token has expired is signed out. Any other fault is probably the app's, such as a wrong `audience`. */
const signedIn: IdentityOf = async (request) => {
  try {
    return await identityOf(request)
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error
    if (error.reason !== 'expired') console.warn(error.message)
    return undefined
  }
}

export async function POST(request: Request): Promise<Response> {
  const identity = await signedIn(request)
  if (identity === undefined) return new Response('Sign in first', { status: 401 })
  const { messageId } = await request.json()
  const outcome = await guard.run(whoami, { slot: ['thread-1', messageId], input: {}, identity })
  return Response.json(outcome.status === 'done' ? { you: outcome.result } : { status: outcome.status })
}
