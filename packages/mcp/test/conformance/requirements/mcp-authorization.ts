import type { Requirement } from '@behalf/testing/contract'

const authorization = (part: string, revision = '2025-11-25') =>
  `https://modelcontextprotocol.io/specification/${revision}/basic/authorization#${part}`
const stateful = 'https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr'

/** What the MCP authorization specification asks of servers. */
export const mcpServer = [
  {
    id: 'MCP-SERVER-metadata',
    clause: authorization('authorization-server-location'),
    text: 'MUST publish protected resource metadata that names an authorization server, and say where in a 401 challenge or at the well-known place.',
  },
  {
    id: 'MCP-SERVER-audience',
    clause: authorization('token-audience-binding-and-validation'),
    text: 'MUST accept only tokens that were issued for this server.',
  },
  {
    id: 'MCP-SERVER-validate',
    clause: authorization('token-handling'),
    text: 'MUST answer 401 to a token that is invalid or expired.',
  },
  {
    id: 'MCP-SERVER-query',
    clause: authorization('token-requirements'),
    text: 'MUST NOT take an access token from the query.',
  },
  {
    id: 'MCP-SERVER-passthrough',
    clause: authorization('access-token-privilege-restriction'),
    text: 'MUST NOT pass the token of its client through to another API.',
  },
  {
    id: 'MCP-SERVER-scope',
    clause: authorization('runtime-insufficient-scope-errors'),
    text: 'SHOULD answer 403 with `insufficient_scope` and the scopes that the operation needs.',
  },
  {
    id: 'MCP-SERVER-origin',
    clause: 'https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning',
    text: 'MUST validate the Origin header, and answer 403 where it is not valid.',
  },
  {
    id: 'MCP-SERVER-state-integrity',
    clause: stateful,
    text: 'MUST reject state that fails verification, where it influences authorization.',
  },
  {
    id: 'MCP-SERVER-state-user',
    clause: stateful,
    text: 'MUST bind such state to the user it was made for.',
  },
] as const satisfies readonly Requirement[]

/** What it asks of clients. */
export const mcpClient = [
  {
    id: 'MCP-CLIENT-pkce',
    clause: authorization('authorization-code-protection'),
    text: 'MUST use PKCE, with S256.',
  },
  {
    id: 'MCP-CLIENT-pkce-metadata',
    clause: authorization('authorization-code-protection'),
    text: 'MUST refuse an authorization server whose metadata does not name S256.',
  },
  {
    id: 'MCP-CLIENT-resource',
    clause: authorization('resource-parameter-implementation'),
    text: 'MUST name the MCP server by `resource` in authorization and in token requests.',
  },
  {
    id: 'MCP-CLIENT-registration-order',
    clause: authorization('client-registration-approaches'),
    text: 'SHOULD use a client that was registered by hand first, then a metadata document, then dynamic registration.',
  },
  {
    id: 'MCP-CLIENT-metadata-document',
    clause: authorization('client-id-metadata-documents'),
    text: 'MUST host a document whose `client_id` is its own https address with a path.',
  },
  {
    id: 'MCP-CLIENT-application-type',
    clause: authorization('dynamic-client-registration', '2026-07-28'),
    text: 'MUST name its application type in a registration.',
  },
  {
    id: 'MCP-CLIENT-issuer-keyed',
    clause: authorization('client-credential-isolation', '2026-07-28'),
    text: 'MUST NOT use credentials of one issuer at another.',
  },
  {
    id: 'MCP-CLIENT-iss',
    clause: authorization('authorization-response-validation', '2026-07-28'),
    text: 'MUST compare `iss` of an authorization response with the issuer that it was begun with, and refuse one that is missing where the server names itself.',
  },
  {
    id: 'MCP-CLIENT-iss-text',
    clause: authorization('authorization-response-validation', '2026-07-28'),
    text: 'MUST NOT show error texts of a response whose issuer does not match.',
  },
  {
    id: 'MCP-CLIENT-state',
    clause: authorization('open-redirection'),
    text: 'SHOULD verify `state`, and drop responses without the one it made.',
  },
  {
    id: 'MCP-CLIENT-step-up-union',
    clause: authorization('step-up-authorization-flow', '2026-07-28'),
    text: 'MUST ask for the union of the scopes it had and those of a challenge.',
  },
  {
    id: 'MCP-CLIENT-step-up-limit',
    clause: authorization('step-up-authorization-flow'),
    text: 'SHOULD bound how often it asks for the same.',
  },
  {
    id: 'MCP-CLIENT-url-schemes',
    clause: 'https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#url-validation',
    text: 'MUST NOT open an authorization address that is neither https nor on loopback.',
  },
  {
    id: 'MCP-CLIENT-ssrf',
    clause:
      'https://modelcontextprotocol.io/specification/2025-11-25/basic/security_best_practices#server-side-request-forgery-ssrf',
    text: 'SHOULD refuse addresses of private networks, and redirects, in discovery.',
  },
] as const satisfies readonly Requirement[]
