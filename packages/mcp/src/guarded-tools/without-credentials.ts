import type { McpAuthInfo } from './auth-info.ts'

/** Headers of a request that may contain credentials. */
const CREDENTIALS = ['authorization', 'proxy-authorization', 'cookie', 'dpop']

export const holdsCredentials = (header: string): boolean => CREDENTIALS.includes(header.toLowerCase())

/** Returns the caller's data for a tool, without a token. Middleware other than the gate may have added one. */
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
