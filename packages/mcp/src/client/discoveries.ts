import { ConfigurationError } from '@behalf/core'
import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState } from '@modelcontextprotocol/client'

/** A hostile server can name a new issuer with each answer. */
const MAX_ISSUERS = 8

/** What is needed of a server's metadata to know whose it is. */
interface NamedMetadata {
  readonly issuer?: string | undefined
}

/**
 * The authorization servers that one MCP server led to, by issuer.
 *
 * Keeps only metadata that names the server that it was fetched from: some SDKs hand over other metadata too. All that is
 * kept by issuer, credentials above all, is found by these names only.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3.3 | RFC 8414 §3.3}
 */
export class Discoveries {
  readonly #byIssuer = new Map<string, OAuthDiscoveryState>()
  readonly #server: URL
  #last: string | undefined

  /** @param server - The MCP server. */
  constructor(server: URL) {
    this.#server = server
  }

  /** @returns the issuer. @throws InvalidResponseError The metadata names another one, or another MCP server. */
  save(state: OAuthDiscoveryState): string {
    refuseOtherResource(this.#server, state.resourceMetadata?.resource)
    const asked = String(state.authorizationServerUrl)
    const issuer = state.authorizationServerMetadata?.issuer ?? asked
    if (!isSameIssuer(issuer, asked)) {
      const both = `${JSON.stringify(asked)} answered with the metadata of ${JSON.stringify(issuer)}`
      throw new InvalidResponseError(`${both}: a server may only name itself (RFC 8414 §3.3)`)
    }
    this.#byIssuer.delete(issuer)
    this.#byIssuer.set(issuer, state)
    const [oldest] = this.#byIssuer.keys()
    if (this.#byIssuer.size > MAX_ISSUERS && oldest !== undefined) this.#byIssuer.delete(oldest)
    this.#last = issuer
    return issuer
  }

  /** The issuer as its metadata writes it; `undefined` for one that discovery did not lead to. */
  issuerOf(named: string | undefined): string | undefined {
    return named === undefined ? undefined : [...this.#byIssuer.keys()].find((issuer) => isSameIssuer(issuer, named))
  }

  /** The issuer that was found last. */
  get last(): string | undefined {
    return this.#last
  }

  /** The only issuer so far. A caller that names no issuer could mean any one of several. */
  get only(): string | undefined {
    return this.#byIssuer.size === 1 ? this.#last : undefined
  }

  at(issuer: string | undefined): OAuthDiscoveryState | undefined {
    return issuer === undefined ? undefined : this.#byIssuer.get(issuer)
  }

  /**
   * The issuer of a request to a token endpoint, before credentials are put on it.
   *
   * @throws InvalidResponseError The address is not the one that this issuer named.
   * @throws ConfigurationError The SDK says nothing of its discovery.
   */
  issuerOfRequest(url: string | URL, metadata: NamedMetadata | undefined): string {
    if (this.#last === undefined) {
      throw new ConfigurationError('createMcpSession', 'is used by a transport that says nothing of what it discovered')
    }
    const issuer = this.issuerOf(metadata?.issuer)
    const endpoint = this.at(issuer)?.authorizationServerMetadata?.token_endpoint
    if (issuer === undefined || endpoint === undefined || new URL(endpoint).href !== new URL(url).href) {
      throw new InvalidResponseError(
        `${new URL(url).origin} is not the token endpoint of an issuer that was discovered`,
      )
    }
    return issuer
  }
}

/**
 * Refuses an identifier that is another server's on the same origin and path: the SDKs compare no more, and the token would
 * be that server's. One that stands above is taken, as the specification's clients do.
 *
 * @throws InvalidResponseError
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-7.3 | RFC 9728 §7.3}
 */
function refuseOtherResource({ search }: URL, resource: string | undefined): void {
  if (resource === undefined || !URL.canParse(resource)) return
  const named = new URL(resource)
  const isOwnQuery = named.search === '' || named.search === search
  if (isOwnQuery && named.username === '' && named.password === '' && named.hash === '') return
  throw new InvalidResponseError(`the server's metadata is of another resource: ${JSON.stringify(resource)}`)
}

/** Equal, but for one slash at the end: it is lost and added where issuers become addresses. */
export function isSameIssuer(one: string, other: string): boolean {
  return one === other || `${one}/` === other || one === `${other}/`
}
