import * as z from 'zod/mini'

const text = z.string()
const issuer = { issuer: text, tenant: z.optional(text) }

/** A `Principal`, as it is stored. */
export const principalSchema = z.object({ ...issuer, subject: text })

/** An `Owner`, as it is stored. */
export const ownerSchema = z.object({ ...issuer, subject: z.optional(text), clientId: z.optional(text) })

/** An `Owner` that is a user, as it is stored. */
export const userOwnerSchema = z.object({ ...issuer, subject: text, clientId: z.optional(text) })
