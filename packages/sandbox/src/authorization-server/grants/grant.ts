import type { TokenEndpointGrantContext } from 'oidc-provider'
import type { ServerContext } from '../server-context.ts'

/** A request at the token endpoint, its client authenticated. */
export type GrantContext = TokenEndpointGrantContext<Record<string, string | readonly string[] | undefined>>

/** A grant that the library does not have. Each has one file in this folder, and a line in its index. */
export interface CustomGrant {
  readonly type: string
  readonly parameters: readonly string[]
  /** Parameters that may be repeated. @default none */
  readonly repeatable?: readonly string[]
  /** @returns the token response */
  readonly handle: (context: ServerContext, ctx: GrantContext) => Promise<object>
}
