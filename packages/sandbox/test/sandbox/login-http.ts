/** An app's own page: never asked for. */
export const REDIRECT = 'http://127.0.0.1:3999/callback'

/** A browser without scripts: keeps cookies by path, and follows nothing by itself. */
export function browser() {
  const jar = new Map<string, { readonly value: string; readonly path: string }>()
  return async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { pathname } = new URL(url)
    const cookie = [...jar].flatMap(([name, { value, path }]) => (pathname.startsWith(path) ? `${name}=${value}` : []))
    const headers = { ...(init.headers as Record<string, string>), cookie: cookie.join('; ') }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, { value, path: /path=([^;]+)/i.exec(line)?.[1] ?? '/' })
    }
    return response
  }
}

/** Begins a login. A user who is signed in already ends at the app at once. */
export function authorize(
  go: ReturnType<typeof browser>,
  issuer: string,
  clientId: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT,
    scope: 'openid',
    state: 'state-1',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...parameters,
  })
  return go(`${issuer}/authorize?${query}`)
}

/** The page of a login, and how it is answered. */
export async function openLogin(
  issuer: string,
  clientId: string,
  parameters: Readonly<Record<string, string>> = {},
  go = browser(),
) {
  const first = await authorize(go, issuer, clientId, parameters)
  const url = new URL(first.headers.get('location') ?? '', issuer).href
  const page = await (await go(url)).text()
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const post = (fields: Readonly<Record<string, string>>, origin = issuer) =>
    go(url, { method: 'POST', headers: { origin }, body: new URLSearchParams({ csrf, ...fields }) })
  return { go, url, page, csrf, post }
}
