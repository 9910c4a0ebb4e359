import { identityOf, type McpHandler } from '../../src/server/index.ts'

/** Says what reached it. */
export const echo: McpHandler = async (request, { authInfo, parsedBody }) =>
  Response.json({
    headers: Object.fromEntries(request.headers),
    token: authInfo?.token,
    scopes: authInfo?.scopes,
    subject: subjectOf(identityOf({ authInfo })),
    body: parsedBody,
    rest: await request.text(),
  })

const subjectOf = (identity: ReturnType<typeof identityOf>) =>
  identity?.kind === 'user' ? identity.subject : undefined

/** A request for a tool. */
export const call = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })

export const challengeOf = (response: Response) => response.headers.get('www-authenticate') ?? ''
