import * as z from 'zod/mini'

const text = z.string()
const issuer = { issuer: text, tenant: z.optional(text) }

/** Stored form of a `Principal`. */
export const principalSchema = z.object({ ...issuer, subject: text })

/** Stored form of an `Owner`. */
export const ownerSchema = z.object({ ...issuer, subject: z.optional(text), clientId: z.optional(text) })

/** Stored form of an `Owner` that is a user. */
export const userOwnerSchema = z.object({ ...issuer, subject: text, clientId: z.optional(text) })
