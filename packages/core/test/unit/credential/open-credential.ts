import { HttpResponse, http } from 'msw'
import { beforeEach } from 'vitest'
import { type CredentialOptions, createCredential, type IssuedToken, Token } from '../../../src/credential/index.ts'
import { useMsw } from '../oauth/mock-issuer.ts'

/** An API that answers everything, and what it has seen. */
export const api = 'https://api.example.com'
export const seen: { url: string; authorization: string | null; body: string }[] = []

/** Has it answer the tests of a file. */
export function useApi() {
  beforeEach(() => {
    seen.length = 0
  })
  return useMsw(
    http.all(`${api}/*`, async ({ request }) => {
      seen.push({ url: request.url, authorization: request.headers.get('authorization'), body: await request.text() })
      return HttpResponse.json({ ok: true })
    }),
  )
}

/** Options of a credential, and parts of its token. */
export type OpenOptions = Partial<CredentialOptions & Pick<IssuedToken, 'token' | 'scopes' | 'dpop'>>

/** A credential for it. */
export const open = ({ token = new Token('first'), scopes = ['trade:write'], dpop, ...options }: OpenOptions = {}) =>
  createCredential({
    name: 'trade',
    issued: { token, scopes, expiresAt: 100, ...(dpop !== undefined && { dpop }) },
    origins: [api, 'https://files.example.com:8443'],
    fetch: (input, init) => fetch(input, init),
    signal: new AbortController().signal,
    onRawToken: () => {},
    ...options,
  })
