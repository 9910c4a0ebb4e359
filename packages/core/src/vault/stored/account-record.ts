import * as z from 'zod/mini'
import { ownerOf, type UserIdentity } from '../../base/contract/index.ts'
import { IdentityRequiredError } from '../../base/errors/index.ts'
import { isVerified } from '../../identity/verified.ts'
import { userOwnerSchema } from '../../records/principal-schema.ts'

/**
 * Returns the owner of an account record (I2). Records that outlive a login have this key, without a session.
 *
 * @throws IdentityRequiredError No verification made this identity.
 */
export function accountOwner(identity: UserIdentity): AccountRecord['owner'] {
  if (!isVerified(identity) || identity.kind !== 'user') {
    throw new IdentityRequiredError('accounts are a verified user’s: give what verifyIdToken or verifyAccessToken gave')
  }
  return ownerOf(identity)
}

const text = z.string()

/** A refresh token that is used once was sent: when, in epoch milliseconds, and how often. */
const useSchema = z.object({ at: z.number(), tries: z.number() })

/** Schema of a stored account. */
export const accountRecord = z.object({
  v: z.literal(1),
  owner: userOwnerSchema,
  /** The session in which it was linked. */
  sessionId: z.optional(text),
  connection: text,
  account: z.object({ id: text, label: z.optional(text) }),
  /** The provider's issuer, and our client there: its tokens go nowhere else. */
  issuer: text,
  clientId: text,
  /** `ending`: a disconnect has begun. Only a new link changes that, and no later answer of the provider. */
  state: z.enum(['connected', 'must_reconnect', 'ending']),
  /** The names of the proof behind this link were not read again yet, so it serves no call. */
  unconfirmed: z.optional(z.literal(true)),
  scopes: z.array(text),
  accessToken: z.optional(text),
  /** Epoch seconds. */
  expiresAt: z.optional(z.number()),
  refreshToken: z.optional(text),
  /** No answer to this use is known. */
  refreshing: z.optional(useSchema),
  /** Tokens that a new link replaced, and that may be good at their provider. They serve no call. */
  replaced: z.optional(
    z.array(
      z.object({
        issuer: text,
        clientId: text,
        accessToken: z.optional(text),
        refreshToken: z.optional(text),
        /** Expiry of the access token, in epoch seconds. */
        expiresAt: z.optional(z.number()),
      }),
    ),
  ),
  /** Uses of tokens from before a new link whose responses never came: those tokens are unknown here. */
  unanswered: z.optional(z.array(useSchema)),
  /** The API refused a token that cannot be renewed: when first, in epoch milliseconds. */
  refusedAt: z.optional(z.number()),
  /** Epoch milliseconds. */
  refreshedAt: z.number(),
  connectedAt: z.number(),
  preferredAt: z.optional(z.number()),
  /** The account that the user had chosen is gone: this one is not used before they choose it. */
  mustChoose: z.optional(z.boolean()),
})

/** A linked account, as it lies sealed in the store. */
export type AccountRecord = z.output<typeof accountRecord>
