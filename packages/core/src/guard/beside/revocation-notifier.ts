import { type IssuedToken, revealToken } from '../../credential/index.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { type RevokingServers, releaseToken } from '../../oauth/tokens/release-token.ts'
import { ownIssuerOf, type TokenCacheKey } from '../../token-exchange/token-cache-key.ts'

/** Maximum wait for servers and channels, once all is written. Milliseconds. */
const TELLING_MS = 3_000

/**
 * Notifies servers and channels of an end, after all records of it are in the store. A server that hangs must not keep
 * the next record open.
 */
export class RevocationNotifier {
  readonly #servers: RevokingServers
  readonly #work: (() => Promise<void>)[] = []

  constructor(servers: RevokingServers) {
    this.#servers = servers
  }

  /** Takes note of tokens, for later. */
  readonly servers: RevokingServers = {
    of: (issuer) => ({
      revoke: async (token, { hint } = {}) => this.add(() => releaseToken(this.#servers, { issuer, token, hint })),
    }),
  }

  /** @param work - Never fails. */
  add(work: () => Promise<void>): void {
    this.#work.push(work)
  }

  /** A token of this process's cache. */
  readonly dropped = (key: TokenCacheKey, { token }: IssuedToken): void => {
    const issuer = ownIssuerOf(key)
    if (issuer !== undefined) void this.servers.of(issuer).revoke(revealToken(token), { hint: 'access_token' })
  }

  /** Notifies all of them at the same time, and waits for a limited time. */
  async tell(): Promise<void> {
    const work = () => Promise.all(this.#work.map((each) => each()))
    await withinDeadline({ timeoutMs: TELLING_MS }, work).catch(() => {})
  }
}
