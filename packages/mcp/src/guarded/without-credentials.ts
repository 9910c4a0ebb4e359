import type { McpAuthInfo } from '../server/auth-info.ts'

/** Headers of a request that hold credentials, or may. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'dpop']

export const holdsCredentials = (header: string): boolean => CREDENTIALS.includes(header.toLowerCase())

/** What a tool is told of its caller. Other middleware than the gate may have left a token there. */
export function authInfoWithoutToken({ clientId, scopes, expiresAt, resource, extra }: McpAuthInfo): McpAuthInfo {
  return {
    token: '',
    clientId,
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(resource !== undefined && { resource }),
    ...(extra?.identity !== undefined && { extra: { identity: extra.identity } }),
  }
}
