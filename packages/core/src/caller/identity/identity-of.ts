import type { Identity } from '../../base/contract/index.ts'

/**
 * Returns the signed-in user of a request. All handlers use this one port.
 *
 * Returns a verified identity, or `undefined` if no user is signed in. An error counts as a fault, and never lets the
 * request pass.
 */
export type IdentityOf<Incoming = Request> = (request: Incoming) => Identity | undefined | Promise<Identity | undefined>
