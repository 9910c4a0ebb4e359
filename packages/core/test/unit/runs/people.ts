import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'

export const ISSUER = 'https://issuer.example'

/** A user whom a verification let in. */
export function person(subject: string, over: Partial<UserIdentity> = {}): UserIdentity {
  return admit<UserIdentity>(
    { kind: 'user', issuer: ISSUER, subject, clientId: 'app', sessionId: `session-of-${subject}`, claims: {}, ...over },
    { token: new Token(`token-of-${subject}`), type: 'id_token', isInteractive: true },
  )
}

/** A session cookie names its user. */
export function sessions(people: Readonly<Record<string, UserIdentity>>) {
  return (request: Request) => people[/session=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? '']
}
