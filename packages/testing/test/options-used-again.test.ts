import { afterAll, beforeAll, expect, test } from 'vitest'
import { login, mockTarget, type ProtocolTarget, signedLinkApprovals } from '../src/index.ts'

let target: ProtocolTarget
beforeAll(async () => {
  target = await mockTarget()
})
afterAll(() => target.close())

test('a login asks for what it was called with, where the test fills in the same object for its next one', async () => {
  const options = { user: 'ann', scope: 'openid', parameters: { acr_values: 'urn:behalf:acr:password' } }
  const begun = login(target, options)
  options.scope = 'openid chat offline_access'
  options.parameters.acr_values = 'urn:behalf:acr:none'
  expect((await begun).refreshToken).toBeUndefined()
})

test('a channel of signed links keeps its secret, where the app wipes its own', async () => {
  const [secret, links] = [crypto.getRandomValues(new Uint8Array(32)), [] as string[]]
  const channelWith = (own: Uint8Array) =>
    signedLinkApprovals({ secret: own, page: 'https://app.example/answer', send: ({ url }) => void links.push(url) })
  const [channel, other] = [channelWith(secret), channelWith(secret.slice())]
  secret.fill(0)
  const approver = { issuer: 'https://as.example', subject: 'ann' }
  const question = { approvalId: 'a', questionId: 'q', approver, message: 'm', expiresAt: Date.now() / 1000 + 60 }
  await channel.ask(question as never, {} as never)
  const token = new URL(links[0] ?? '').searchParams.get('token') ?? ''
  const body = new URLSearchParams({ token, decision: 'approved' })
  const answer = new Request('https://app.example/answer', { method: 'POST', body })
  const clock = { now: () => Date.now() }
  expect(await other.verify(answer, { clock } as never)).toMatchObject({ approvalId: 'a', decision: 'approved' })
})
