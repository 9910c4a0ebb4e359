// A browser, an app that signs users in, and a mocked server.
import { createMockAuthorizationServer, type MockAuthorizationServerOptions } from '@behalf/testing'
import { createSignIn, type SignInOptions, type StartSignInOptions } from '../../../src/entrypoints/identity.ts'
import { type OidcOptions, oidc } from '../../../src/entrypoints/providers.ts'
import { memoryStore, type Profile } from '../../../src/index.ts'

export const ISSUER = 'https://login.example.com'
export const API = 'https://api.example.com/'
export const CALLBACK = 'https://app.example.com/callback'
const clientSecret = 'a-long-secret-of-the-client'

export interface Browser {
  cookies: Readonly<Record<string, string>>
  request(url: string): Request
}

/** Keeps the cookies that it is told to set, as a browser at one origin does. */
export function browser(cookies: Record<string, string> = {}): Browser {
  const jar = cookies
  return {
    cookies: jar,
    request: (url) =>
      new Request(url, {
        headers: {
          cookie: Object.entries(jar)
            .map((pair) => pair.join('='))
            .join('; '),
        },
      }),
  }
}

export async function signInWorld(
  server: Partial<MockAuthorizationServerOptions> = {},
  client: Partial<OidcOptions> = { clientSecret },
) {
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const as = createMockAuthorizationServer({
    issuer: ISSUER,
    clients: [{ clientId: 'web', clientSecret, redirectUris: [CALLBACK] }],
    users: [
      { subject: 'ann', name: 'Ann Archer', email: 'ann@example.com' },
      { subject: 'bob', name: 'Bob' },
    ],
    resources: [{ identifier: API, scopes: ['chat'] }],
    clock,
    ...server,
  })
  await as.controls.signInAs('ann')
  const profile = oidc({ issuer: ISSUER, clientId: 'web', ...client })
  const store = memoryStore({ clock })
  /** Requests to the server, which a test may answer in its place. */
  const sent: Request[] = []
  const wire = { answer: async (_request: Request): Promise<Response | undefined> => undefined }
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    sent.push(request.clone())
    const response = (await wire.answer(request.clone())) ?? (await as.handle(request))
    return response ?? new Response(null, { status: 404 })
  }
  const ann = browser()
  const options = {
    authorizationServer: profile,
    store,
    redirectUri: CALLBACK,
    scopes: ['chat'],
    fetch,
    clock,
    timeoutMs: 60_000,
  }
  const signInAt = (over: Partial<SignInOptions> = {}) => createSignIn({ ...options, ...over })
  const signIn = signInAt()
  return {
    as,
    ann,
    profile: profile as Profile,
    store,
    clock,
    sent,
    wire,
    fetch,
    signIn,
    signInAt,
    advance(seconds: number) {
      offset += seconds * 1000
    },
    /** Starts, and sets the cookie. */
    async start(asked: StartSignInOptions = {}, { at = signIn, by = ann } = {}) {
      const started = await at.start(by.request('https://app.example.com/login'), asked)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(started.cookie) ?? []
      Object.assign(by.cookies, { [name]: value })
      return started
    },
    /** The browser's way to the server and back. @returns the request to the callback */
    async visit(url: string, { by = ann, change = (_answer: URLSearchParams) => {} } = {}) {
      const response = await fetch(url)
      const location = response.headers.get('location')
      if (location === null) throw new Error(`no redirect: ${response.status} ${await response.text()}`)
      const back = new URL(location)
      change(back.searchParams)
      return by.request(back.href)
    },
    forms: () =>
      Promise.all(
        sent
          .filter(({ method }) => method === 'POST')
          .map(async (one) => ({
            path: new URL(one.url).pathname,
            form: new URLSearchParams(await one.clone().text()),
          })),
      ),
  }
}

/** A whole sign-in, which succeeds. */
export async function signedIn(
  world: Awaited<ReturnType<typeof signInWorld>>,
  asked: StartSignInOptions = {},
  at = world.signIn,
) {
  const { url } = await world.start(asked, { at })
  const answer = await at.complete(await world.visit(url))
  if (answer.status !== 'signed_in') throw new Error(answer.detail)
  return answer
}

export const queryOf = (url: string) => Object.fromEntries(new URL(url).searchParams)
