import { ConfigurationError } from '@behalf/core'
import { InvalidResponseError } from '@behalf/core/spi'
import type { OAuthDiscoveryState } from '@modelcontextprotocol/client'

/** Maximum number of issuers: a hostile server can name a new one with each response. */
const MAX_ISSUERS = 8

/** The metadata that tells which server it describes. */
interface NamedMetadata {
  readonly issuer?: string | undefined
}

/** Returns the error of a transport that did not say which issuer it found. */
export const unreported = (): ConfigurationError =>
  new ConfigurationError(
    'createMcpSession',
    'is used by a transport that does not report its discovery: use one of the MCP SDK',
  )

/**
 * The authorization servers that one MCP server led to, by issuer.
 *
 * Keeps only metadata that names the server from which it was fetched: some SDKs pass other metadata too. Everything
 * that is stored by issuer, above all credentials, is found only under these names.
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

  /**
   * Stores a discovery, and returns its issuer.
   * @throws InvalidResponseError The metadata names another issuer, or another MCP server.
   */
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

  /** Returns the issuer as its metadata writes it. `undefined` if discovery did not lead to it. */
  issuerOf(named: string | undefined): string | undefined {
    return named === undefined ? undefined : [...this.#byIssuer.keys()].find((issuer) => isSameIssuer(issuer, named))
  }

  /** The issuer that was discovered last. */
  get last(): string | undefined {
    return this.#last
  }

  /** The issuer, if only one was discovered. With several, a caller that names no issuer could mean any of them. */
  get only(): string | undefined {
    return this.#byIssuer.size === 1 ? this.#last : undefined
  }

  at(issuer: string | undefined): OAuthDiscoveryState | undefined {
    return issuer === undefined ? undefined : this.#byIssuer.get(issuer)
  }

  /**
   * Returns the issuer of a request to a token endpoint, before credentials are added to it.
   *
   * @throws InvalidResponseError The address is not the token endpoint of this issuer.
   * @throws ConfigurationError The SDK did not report its discovery.
   */
  issuerOfRequest(url: string | URL, metadata: NamedMetadata | undefined): string {
    if (this.#last === undefined) {
      throw unreported()
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
 * Refuses the identifier of another server on the same origin and path. The SDKs compare only these two, so the token
 * would be for that server. Accepts the identifier of a parent path, as the specification's clients do.
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

/** Compares two issuers, and ignores one slash at the end: it is lost or added when an issuer is parsed as a URL. */
export function isSameIssuer(one: string, other: string): boolean {
  return one === other || `${one}/` === other || one === `${other}/`
}
