import type { Requirement } from '@behalf/testing/requirements'

const authorization = (part: string) =>
  `https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#${part}`
/** Revision 2026-07-28 has several pages. */
const newer = (part: `${string}#${string}`) =>
  `https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization${part}`
const practices = (part: string) =>
  `https://modelcontextprotocol.io/docs/2025-11-25/tutorials/security/security_best_practices#${part}`
const stateful =
  'https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#server-requirements-basic-workflow'

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
    id: 'MCP-SERVER-every-request',
    clause: practices('session-hijacking'),
    text: 'MUST verify each request, and not take a session for it.',
  },
  {
    id: 'MCP-SERVER-malformed',
    clause: authorization('error-handling'),
    text: 'MUST answer 400 to a malformed authorization request.',
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
    id: 'MCP-SERVER-challenge-scope',
    clause: authorization('protected-resource-metadata-discovery-requirements'),
    text: 'SHOULD name the scopes that a request needs in the challenge of a 401.',
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
    text: 'SHOULD bind such state to the user it was made for.',
  },
] as const satisfies readonly Requirement[]

/** What it asks of clients. */
export const mcpClient = [
  {
    id: 'MCP-CLIENT-discovery',
    clause: authorization('protected-resource-metadata-discovery-requirements'),
    text: 'MUST find protected resource metadata where a challenge says, else at the well-known place of the endpoint, then of its host.',
  },
  {
    id: 'MCP-CLIENT-metadata-places',
    clause: authorization('authorization-server-metadata-discovery'),
    text: 'MUST look for the metadata of an issuer with a path as OAuth inserts it, as OpenID Connect inserts it, and appended, in this order.',
  },
  {
    id: 'MCP-CLIENT-metadata-issuer',
    clause: newer('/authorization-server-discovery#authorization-server-metadata-discovery'),
    text: 'MUST NOT use metadata whose `issuer` is another than was asked for.',
  },
  {
    id: 'MCP-CLIENT-challenge-scope',
    clause: newer('#scope-selection-strategy'),
    text: 'MUST take the scopes of a challenge as what the request needs, and no list of the metadata instead.',
  },
  {
    id: 'MCP-CLIENT-token-header',
    clause: authorization('token-requirements'),
    text: 'MUST send the token in the Authorization header of each request, and never in the query.',
  },
  {
    id: 'MCP-CLIENT-token-server',
    clause: authorization('token-handling'),
    text: 'MUST NOT send a server a token that another than its own authorization server issued, nor its token elsewhere.',
  },
  {
    id: 'MCP-CLIENT-token-storage',
    clause: authorization('token-theft'),
    text: 'MUST store tokens securely.',
  },
  {
    id: 'MCP-CLIENT-https',
    clause: authorization('communication-security'),
    text: 'MUST reach the endpoints of an authorization server over https; loopback is excepted (ours, as the best practices have it).',
  },
  {
    id: 'MCP-CLIENT-redirect-uri',
    clause: authorization('communication-security'),
    text: 'MUST use redirect addresses on loopback or over https only.',
  },
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
    clause: newer('/client-registration#application-type-and-redirect-uri-constraints'),
    text: 'MUST name its application type in a registration.',
  },
  {
    id: 'MCP-CLIENT-issuer-keyed',
    clause: newer('/client-registration#authorization-server-binding'),
    text: 'MUST NOT use credentials of one issuer at another.',
  },
  {
    id: 'MCP-CLIENT-iss',
    clause: newer('#authorization-response-validation'),
    text: 'MUST compare `iss` of an authorization response with the issuer that it was begun with, and refuse one that is missing where the server names itself.',
  },
  {
    id: 'MCP-CLIENT-iss-text',
    clause: newer('#authorization-response-validation'),
    text: 'MUST NOT show error texts of a response whose issuer does not match.',
  },
  {
    id: 'MCP-CLIENT-state',
    clause: authorization('open-redirection'),
    text: 'SHOULD verify `state`, and drop responses without the one it made.',
  },
  {
    id: 'MCP-CLIENT-step-up-union',
    clause: newer('#step-up-authorization-flow'),
    text: 'SHOULD ask for the union of the scopes it had and those of a challenge.',
  },
  {
    id: 'MCP-CLIENT-step-up-limit',
    clause: authorization('step-up-authorization-flow'),
    text: 'SHOULD bound how often it asks for the same.',
  },
  {
    id: 'MCP-CLIENT-url-schemes',
    clause: practices('oauth-authorization-url-validation'),
    text: 'MUST NOT open an authorization address that is neither https nor on loopback.',
  },
  {
    id: 'MCP-CLIENT-ssrf',
    clause: practices('server-side-request-forgery-ssrf'),
    text: 'SHOULD refuse addresses of private networks, and redirects, in discovery.',
  },
] as const satisfies readonly Requirement[]

/** What MCP clients touch of the specifications beneath it, where core does not. */
export const mcpClientBeneath = [
  {
    id: 'RFC9728-3.3-client',
    clause: 'https://www.rfc-editor.org/rfc/rfc9728#section-3.3',
    text: 'MUST NOT use protected resource metadata whose `resource` is another.',
  },
  {
    id: 'RFC7591-2-redirect_uris',
    clause: 'https://www.rfc-editor.org/rfc/rfc7591#section-2',
    text: 'MUST register its redirect addresses.',
  },
  {
    id: 'RFC7591-3.1-post',
    clause: 'https://www.rfc-editor.org/rfc/rfc7591#section-3.1',
    text: 'MUST post its metadata as `application/json`, over TLS.',
  },
  {
    id: 'RFC7591-3.2.1-method',
    clause: 'https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1',
    text: 'MUST go by what the server registered, where that differs from what was asked for (ours: the clause lets the client check).',
  },
  {
    id: 'RFC7591-3.2.1-secret',
    clause: 'https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1',
    text: 'MUST NOT use a secret after `client_secret_expires_at`; 0 is never.',
  },
] as const satisfies readonly Requirement[]
