import type { Identity } from '../contract/index.ts'

/**
 * How an app says who is signed in: the one port of all handlers that ask.
 *
 * Gives back an identity that a verification made, or `undefined` for nobody. What it throws is a fault
 * and never lets the request pass.
 */
export type IdentityOf<Incoming = Request> = (request: Incoming) => Identity | undefined | Promise<Identity | undefined>
