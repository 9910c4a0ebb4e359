import { createServer } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'

/** Where the Spring Authorization Server of `node scripts/servers/spring.ts` answers. */
export const SPRING_URL = process.env.SPRING_URL?.replace(/\/$/, '')

export const API = 'https://api.stocktrade.example/'
export const CALLBACK = 'https://agent.behalf.example/callback'
/** Each client's secret follows its name, as in `AuthorizationServer.java`. */
export const clientOf = (clientId: string) => ({ clientId, clientSecret: `${clientId}-secret` })
export const KEY_AGENT = 'key-agent'
/** Where the server reads the public key of `key-agent`: its own setting, see `scripts/servers/start-spring.ts`. */
const KEYS_PORT = 8182

/** A browser of ann: it keeps cookies, fills in the server's forms, and follows redirects until they leave the server. */
export async function browse(url: URL): Promise<URL> {
  const cookies = new Map<string, string>()
  let next = url
  let form: URLSearchParams | undefined
  for (let hops = 0; hops < 10; hops++) {
    const cookie = [...cookies].map((each) => each.join('=')).join('; ')
    const response = await fetch(next, {
      ...(form && { method: 'POST', body: form }),
      headers: { cookie, accept: 'text/html' },
      redirect: 'manual',
    })
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    const filled = location === null ? filledIn(await response.text()) : undefined
    const target = location ?? filled?.action
    if (target === undefined) return next
    form = filled?.form
    next = new URL(target, next)
    if (next.origin !== url.origin) return next
  }
  throw new Error(`too many redirects: ${next}`)
}

/** The login page with ann's password, or the page that asks for her consent with a yes to all. */
function filledIn(page: string) {
  const action = /<form[^>]* action="([^"]*)"/.exec(page)?.[1]
  if (action === undefined) return undefined
  const known: Readonly<Record<string, string>> = { username: 'ann', password: 'a-password' }
  const fields = [...page.matchAll(/<input[^>]*>/g)].map(([input]) => {
    const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(input)?.[1] ?? ''
    const name = attribute('name')
    return [name, known[name] ?? attribute('value')]
  })
  return { action, form: new URLSearchParams(fields) }
}

/** The key of `key-agent`, which the server can read until it is closed. */
export async function publishKey() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] })
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(jwks),
  )
  await new Promise<void>((resolve) => server.listen(KEYS_PORT, '127.0.0.1', resolve))
  return { privateKey, close: () => new Promise((resolve) => server.close(resolve)) }
}
