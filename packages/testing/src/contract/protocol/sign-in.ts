import { memoryStore } from '@behalf/core'
import { createSignIn, type SignInAnswer, type SignInOptions } from '@behalf/core/identity'
import { expect } from 'vitest'
import type { Scenario, Session } from './session.ts'

/** The app of the agent's client, and a browser in which a user is signed in at the server. */
async function app(session: Session, over: Partial<SignInOptions> = {}) {
  await session.controls.signInAs('ann')
  const signIn = createSignIn({
    authorizationServer: session.profile(),
    store: memoryStore(),
    redirectUri: session.agent.redirectUri ?? '',
    scopes: ['openid', 'profile', 'chat'],
    resource: session.target.agentResource,
    clock: session.clock,
    ...over,
  })
  const start = async () => {
    const { url, cookie } = await signIn.start(new Request('https://app.example/login'), { returnTo: '/here' })
    return { url, headers: { cookie: cookie.split(';', 1).join('') } }
  }
  const visit = async (url: string) => (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
  return { signIn, start, visit }
}

async function signedIn(session: Session, over: Partial<SignInOptions> = {}) {
  const { signIn, start, visit } = await app(session, over)
  const { url, headers } = await start()
  const answer: SignInAnswer = await signIn.complete(new Request(await visit(url), { headers }))
  if (answer.status !== 'signed_in') throw new Error(answer.detail)
  return { answer, signIn, url }
}

export const signIn: readonly Scenario[] = [
  {
    title: "core's sign-in ends with the user, whose access token is for the agent's own API",
    async run(session) {
      const { answer } = await signedIn(session)
      expect(answer).toMatchObject({ identity: { subject: 'ann', issuer: session.issuer }, returnTo: '/here' })
      const identity = await session.verify(answer.tokens.accessToken, session.target.agentResource)
      expect(identity).toMatchObject({ kind: 'user', subject: 'ann' })
    },
  },
  {
    title: 'a sign-in whose request is pushed is the same one',
    async run(session) {
      const { answer, url } = await signedIn(session, { pushRequest: true })
      expect([...new URL(url).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])
      expect(answer).toMatchObject({ status: 'signed_in', identity: { subject: 'ann' } })
    },
  },
  {
    title: 'an answer signs no user in twice, nor in another browser',
    async run(session) {
      const { signIn, start, visit } = await app(session)
      const { url, headers } = await start()
      const callback = await visit(url)
      const elsewhere = await signIn.complete(new Request(callback))
      expect(elsewhere).toMatchObject({ status: 'refused', reason: 'other_browser' })
      expect(await signIn.complete(new Request(callback, { headers }))).toMatchObject({ status: 'signed_in' })
      const again = await signIn.complete(new Request(callback, { headers }))
      expect(again).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    },
  },
  {
    title: 'UserInfo is about the user who signed in, and the server has a page for their logout',
    async run(session) {
      const { answer, signIn } = await signedIn(session)
      expect(await signIn.userInfo(answer.identity)).toMatchObject({ sub: 'ann', name: 'Ann Archer' })
      const page = new URL((await signIn.logoutUrl({ identity: answer.identity })) ?? '')
      expect(page.searchParams.get('id_token_hint')).toBe(answer.tokens.idToken)
    },
  },
]
