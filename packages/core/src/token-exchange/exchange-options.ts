import type { AuthorizationDetail, Identity } from '../base/contract/index.ts'
import type { Clock } from '../base/ports.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import type { AuthorizationServer, RequestOptions } from '../oauth/server.ts'
import type { ExpectedActor } from './check-issued-token.ts'
import type { TypedToken } from './wire.ts'

/** Options of `exchangeToken`. */
export interface ExchangeTokenOptions extends RequestOptions {
  /** Server that issues the new token. */
  readonly authorizationServer: AuthorizationServer
  /** Identity that the new token must be for. Verified. */
  readonly identity: Identity
  /** The token that proves them, as issued. Never logged. */
  readonly subjectToken: SubjectToken
  /** The token that identifies the agent, if the server does not know it by its client. Never logged. */
  readonly actorToken?: TypedToken
  /** Actor that the new token must name; `{}` accepts any actor. @default the profile's `actor` */
  readonly actor?: ExpectedActor
  /** Identifier of the API, or several if one token must serve them. Sent in the provider's own parameter. */
  readonly resource?: string | readonly string[]
  /** Logical name of the API, if it has one besides or instead of its identifier; or several. */
  readonly audience?: string | readonly string[]
  /** Scopes to request. At least one. */
  readonly scopes: readonly string[]
  /** Approved details, if the provider accepts them with an exchange. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** @default 'access_token' */
  readonly requestedTokenType?: 'access_token' | 'jwt'
  /** @default the system's clock */
  readonly clock?: Clock
}
