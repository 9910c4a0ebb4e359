import type { UserIdentity } from '@behalf/core'
import type { Sessions } from '@behalf/core/identity'
import { readCookie } from './cookies.ts'

/** Sender of a request. */
export interface Who {
  /** Absent: a visitor. */
  readonly identity: UserIdentity | undefined
  /** Name under which their conversations are stored; `undefined` for a visitor who has written nothing yet. */
  readonly owner: string | undefined
}

export interface WhoContext {
  readonly sessions: Sessions
  readonly origin: string
}

/** Returns how the app names a user: by issuer and subject, since a subject is unique only within an issuer. */
export const userOwner = ({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string =>
  `user ${JSON.stringify([issuer, subject])}`

export const visitorOwner = (visitor: string): string => `visitor ${visitor}`

/** @throws TransportError The issuer was needed, and did not answer. */
export async function whoIs(request: Pick<Request, 'headers'>, { sessions, origin }: WhoContext): Promise<Who> {
  const identity = await identityIn(request, { sessions, origin })
  if (identity !== undefined) return { identity, owner: userOwner(identity) }
  const visitor = readCookie(request, 'visitor', origin)
  return { identity: undefined, owner: visitor === undefined ? undefined : visitorOwner(visitor) }
}

async function identityIn(
  request: Pick<Request, 'headers'>,
  { sessions, origin }: WhoContext,
): Promise<UserIdentity | undefined> {
  const id = readCookie(request, 'session', origin)
  if (id === undefined) return undefined
  const answer = await sessions.identity(id)
  return answer.status === 'verified' && answer.identity.kind === 'user' ? answer.identity : undefined
}
