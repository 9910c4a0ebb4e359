import { verifyRequest } from '@behalf/core'
import { login, type MockApp, startMockApp } from '@behalf/testing'
import type { ChatMaker } from './chat.ts'
import { agUiHandler } from './handler.ts'
import { type Send, User } from './user.ts'

/** Mocked servers, and the agent behind AG-UI. */
export interface World {
  readonly app: MockApp
  /** Signs in a user, with a client of their own. */
  signIn(user: 'ann' | 'bob', threadId: string): Promise<User>
  /** The person approves on their phone. Time passes until the next poll is due. */
  approve(): Promise<void>
  readonly send: Send
}

/** Starts the servers and the agent. */
export async function openWorld(chatOf: ChatMaker): Promise<World> {
  const app = await startMockApp()
  const { profile, clock, authorizationServer, world } = app
  const send = agUiHandler({
    guard: app.guard(),
    chatOf,
    identityOf: (request) =>
      verifyRequest(request, { authorizationServer: profile, audience: world.agentResource, clock }),
    portfolioOf: ({ subject }) => `p-${subject}`,
  })
  return {
    app,
    send,
    async signIn(user, threadId) {
      const { accessToken } = await login(app, { user, profile, clock, scope: 'openid profile chat' })
      return new User(send, accessToken, threadId)
    },
    async approve() {
      await authorizationServer.controls.approve()
      clock.advance(10)
    },
  }
}
