import type { SubjectToken } from '@behalf/core/identity'
import { Token } from '@behalf/core/spi'

/** Returns a user's token, as core passes it to a provider. */
export function subjectToken(token: string, type: SubjectToken['type'] = 'access_token'): SubjectToken {
  return { token: new Token(token), type }
}
