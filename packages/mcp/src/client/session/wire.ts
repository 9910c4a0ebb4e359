import * as z from 'zod/mini'

/** Tokens: in a token endpoint's response, as the SDK passes them on, and as they are stored. */
export const StoredTokens = z.looseObject({
  access_token: z.string(),
  token_type: z.string(),
  // Some servers write it as text, which the SDKs accept.
  expires_in: z.optional(z.coerce.number()),
  scope: z.optional(z.string()),
  refresh_token: z.optional(z.string()),
  id_token: z.optional(z.string()),
  issuer: z.optional(z.string()),
  /** The scopes that the sign-in asked for. */
  asked: z.optional(z.string()),
})

/** The mark of the last sign-out: in place of tokens, and beside those of a later sign-in. */
export const SignedOut = z.object({ signedOut: z.string() })

/** A registration: in a server's response (RFC 7591 §3.2.1), and as it is stored. */
export const StoredClient = z.looseObject({
  client_id: z.string(),
  client_secret: z.optional(z.string()),
  client_secret_expires_at: z.optional(z.number()),
  token_endpoint_auth_method: z.optional(z.string()),
  issuer: z.optional(z.string()),
})

/** A sign-in that is not finished: the data that any process needs when the browser comes back. */
export const PendingSignIn = z.object({
  owner: z.string(),
  server: z.string(),
  agent: z.string(),
  codeVerifier: z.string(),
  discovery: z.looseObject({ authorizationServerUrl: z.string() }),
  redirectUri: z.string(),
  asked: z.optional(z.string()),
})

/** Times at which sign-ins began, in epoch milliseconds: those that brought no new scope, and all. */
export const BegunSignIns = z.object({
  at: z.array(z.number()),
  all: z.optional(z.array(z.number())),
  /** The scopes that sign-ins brought, by agent. */
  gained: z.optional(z.array(z.string())),
})
export type BegunSignIns = z.infer<typeof BegunSignIns>

/** An error response of an authorization server (RFC 6749 §5.2). */
export const Refusal = z.object({ error: z.string().check(z.minLength(1)) })

/** A private key for DPoP, as it is stored. */
export const StoredKey = z.looseObject({ kty: z.string(), d: z.string() })
