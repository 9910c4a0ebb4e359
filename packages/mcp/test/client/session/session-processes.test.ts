import { fork } from 'node:child_process'
import { memoryStore, type Store } from '@behalf/core'
import { expect, onTestFinished, test } from 'vitest'
import { type Answer, type Ended, openSession, optionsOver, type Question } from './session-elsewhere.ts'

const issuer = 'https://as.example'
const tokens = (name: string) => ({
  access_token: `access-${name}`,
  token_type: 'Bearer',
  refresh_token: `refresh-${name}`,
})

const metadata: Readonly<Record<string, object>> = {
  'https://mcp.example/.well-known/oauth-protected-resource/mcp': {
    resource: 'https://mcp.example/mcp',
    authorization_servers: [issuer],
  },
  [`${issuer}/.well-known/oauth-authorization-server`]: {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
  },
  [`${issuer}/register`]: { client_id: 'c', redirect_uris: ['http://127.0.0.1/callback'] },
}

/** Refreshes in another process, whose store and servers are these. */
async function refreshElsewhere(store: Store, tokenEndpoint: (form: URLSearchParams) => Promise<Response>) {
  const child = fork(new URL('./session-elsewhere.ts', import.meta.url), ['refresh'], {
    serialization: 'advanced',
    execArgv: ['--no-warnings'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const serve = async (url: string, body: string) => {
    const known = metadata[url]
    const response =
      url === `${issuer}/token`
        ? await tokenEndpoint(new URLSearchParams(body))
        : known
          ? Response.json(known)
          : new Response('{}', { status: 404 })
    return { status: response.status, body: await response.text() }
  }
  return new Promise<unknown>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the other process ended early')))
    child.on('message', async (message: Question | Ended) => {
      if ('ended' in message) return resolve(message.ended)
      const { id, method, args } = message
      const [url, body] = args as [string, string]
      const work = (store as unknown as Record<string, (...all: readonly unknown[]) => unknown>)[method]
      const value = method === 'fetch' ? await serve(url, body) : await work?.apply(store, [...args])
      child.send({ id, value } satisfies Answer)
    })
  })
}

test('a refresh that is refused in one process drops nothing that another has stored', async () => {
  const store = memoryStore()
  const here = openSession(optionsOver(store, async () => new Response()))
  await here.authProvider.saveTokens({ ...tokens('old'), issuer }, { issuer })
  const sent: (string | null)[] = []
  const ended = await refreshElsewhere(store, async (form) => {
    const refreshToken = form.get('refresh_token')
    sent.push(refreshToken)
    if (refreshToken !== 'refresh-old') return Response.json(tokens('renewed'))
    // The user has just signed in again, here.
    await here.authProvider.saveTokens({ ...tokens('new'), issuer }, { issuer })
    return Response.json({ error: 'invalid_grant' }, { status: 400 })
  })
  expect(ended).toEqual(['AUTHORIZED', 0])
  expect(sent).toEqual(['refresh-old', 'refresh-new'])
  expect(await here.authProvider.tokens()).toMatchObject(tokens('renewed'))
})

test('without anybody who signed in, it asks for a sign-in', async () => {
  const store = memoryStore()
  const here = openSession(optionsOver(store, async () => new Response()))
  await here.authProvider.saveTokens({ ...tokens('old'), issuer }, { issuer })
  const ended = await refreshElsewhere(store, async () => Response.json({ error: 'invalid_grant' }, { status: 400 }))
  expect(ended).toEqual(['REDIRECT', 1])
  expect(await here.authProvider.tokens()).toBeUndefined()
})
