import { ConfigurationError } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'

/** Methods of the endpoint. */
export const METHODS = 'GET, POST, DELETE'

/** The server's own hosts, and the origins whose pages may call. */
export interface BrowserRules {
  readonly hosts: readonly string[]
  readonly origins: readonly string[]
}

/** The checked rules. */
export interface CheckedRules extends BrowserRules {
  /**
   * Writes the first refused host and the first refused origin to the console: clients show the status of that response,
   * and not its text.
   */
  tell(name: 'host' | 'origin', value: string): void
}

/** Checks hosts and origins in their exact spelling, which is compared later. */
export function browserRules(endpoint: URL, given: Partial<BrowserRules>): CheckedRules {
  const { hosts = [endpoint.host], origins = [endpoint.origin] } = given
  for (const host of hosts) {
    if (!URL.canParse(`https://${host}/`) || host !== host.toLowerCase() || /[/?#@]/.test(host)) {
      throw new ConfigurationError(
        'mcpResourceServer.hosts',
        'give host names in lower case, with the port where it is not the default one',
      )
    }
  }
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new ConfigurationError('mcpResourceServer.origins', 'give exact origins: scheme, host and port only')
    }
  }
  // Copied: an app may reuse the same lists for its next gate.
  const own = { hosts: [...hosts], origins: [...origins] }
  const told = new Set<string>()
  return {
    ...own,
    tell(name, value) {
      if (told.has(name)) return
      told.add(name)
      const list = `\`${name}s\`, which are ${own[`${name}s`].join(', ') || 'empty'}`
      const both = `the ${name} ${displayText(JSON.stringify(value.slice(0, 256)))} is not in its ${list}`
      console.error(`@behalf/mcp: mcpResourceServer refused a request (403): ${both}. Further ones are not written`)
    },
  }
}

/**
 * Refuses a request to another host name (DNS rebinding) or from a page of an unlisted origin. Programs send no
 * `Origin`, and pass.
 * @see
 *   {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning | MCP, Transports}
 */
export function refuseStrangers(request: Request, rules: CheckedRules): Response | undefined {
  const host = (request.headers.get('host') ?? new URL(request.url).host).toLowerCase()
  if (!rules.hosts.includes(host)) {
    rules.tell('host', host)
    return forbidden('This host is not served here: it is not in `hosts` of mcpResourceServer')
  }
  const origin = request.headers.get('origin')
  if (origin === null || rules.origins.includes(origin)) return undefined
  rules.tell('origin', origin)
  return forbidden('This origin may not call: it is not in `origins` of mcpResourceServer')
}

/** Returns the headers that tell a browser which page may read the response, and which of its headers. */
export function corsHeaders(request: Request, rules: BrowserRules): Readonly<Record<string, string>> {
  const origin = request.headers.get('origin')
  if (origin === null || !rules.origins.includes(origin)) return {}
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id',
    vary: 'origin',
  }
}

/** Answers a browser's preflight request. Such a request has no credentials. */
export function preflight(request: Request, rules: BrowserRules): Response | undefined {
  if (request.method !== 'OPTIONS' || !request.headers.has('access-control-request-method')) return undefined
  const asked = request.headers.get('access-control-request-headers')
  return new Response(null, {
    status: 204,
    headers: {
      ...corsHeaders(request, rules),
      'access-control-allow-methods': METHODS,
      ...(asked !== null && { 'access-control-allow-headers': asked }),
      'access-control-max-age': '600',
    },
  })
}

const forbidden = (message: string): Response =>
  Response.json({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }, { status: 403 })
