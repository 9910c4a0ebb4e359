import { type NextRequest, NextResponse } from 'next/server'

/** React uses `eval` to explain errors in development, and never in a build. */
const inDevelopment = process.env.NODE_ENV === 'development' ? " 'unsafe-eval'" : ''

const policyFor = (nonce: string) =>
  [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}'${inDevelopment}`,
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** Sets a policy for each page, with its own nonce: Next.js reads the nonce and adds it to its scripts. */
export function proxy(request: NextRequest): NextResponse {
  const policy = policyFor(Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64'))
  const headers = new Headers(request.headers)
  headers.set('content-security-policy', policy)
  const response = NextResponse.next({ request: { headers } })
  response.headers.set('content-security-policy', policy)
  return response
}

/**
 * Paths of the app's own pages. Answers of `connectAccounts` have a stricter policy; data and files have that of the
 * configuration.
 */
export const config = { matcher: '/((?!api/|connections/|_next/).*)' }
