import type { FrontDoor } from '../../http/front-door.ts'
import { refuseUnknownKeys, TestingError } from '../../testing-error.ts'
import type { MockUser } from '../options.ts'
import type { ServerContext } from '../server-context.ts'
import { type BackchannelRequest, type DeviceRequest, type Grant, initialState } from '../state.ts'
import { issueRefreshToken } from '../tokens/issue-tokens.ts'
import type { AuthorizationServerControls, PendingRequest } from './authorization-server-controls.ts'
import { notifyClient } from './notify-client.ts'
import { newSession, sharedControls, userOf } from './shared-controls.ts'

/** Makes the controls of one server. */
export function createControls(
  context: ServerContext,
  door: FrontDoor,
  users: readonly MockUser[],
): AuthorizationServerControls {
  return {
    async signInAs(subject, login = {}) {
      context.state.signedIn = subject === undefined ? undefined : newSession(context, subject, login)
    },
    async pendingRequests(subject) {
      return openRequests(context)
        .filter((request) => subject === undefined || request.subject === subject)
        .map(shown)
    },
    async approve(authReqId, options = {}) {
      refuseUnknownKeys('approve', options, ['scopes', 'authorizationDetails', 'subject', 'acr'])
      const request = find(context, authReqId, 'open')
      const authorizationDetails = options.authorizationDetails ?? request.authorizationDetails
      const acr = options.acr ?? request.acrValues[0]
      request.answer = {
        session: newSession(context, options.subject ?? request.subject, { acr }),
        scopes: options.scopes ?? request.scopes,
        ...(authorizationDetails && { authorizationDetails }),
      }
      request.state = 'approved'
      await notifyClient(context, request)
    },
    async deny(authReqId) {
      const request = find(context, authReqId, 'open')
      request.state = 'denied'
      await notifyClient(context, request)
    },
    async expire(authReqId) {
      find(context, authReqId, 'unredeemed').expiresAt = context.clock.now()
    },
    async slowDown(authReqId) {
      find(context, authReqId, 'unredeemed').slowDownNext = true
    },
    async answerLost(authReqId) {
      find(context, authReqId, 'unredeemed').loseAnswer = true
    },
    async approveDevice(userCode, subject) {
      const device = waitingDevice(context, userCode)
      device.session = newSession(context, subject)
      device.state = 'approved'
    },
    async denyDevice(userCode) {
      waitingDevice(context, userCode).state = 'denied'
    },
    async revokeRefreshTokens(subject) {
      userOf(context, subject)
      for (const { grant } of context.state.refreshTokens.values()) {
        if (grant.session.subject === subject) grant.revoked = true
      }
    },
    ...sharedControls(context, door),
    async reset() {
      context.state = initialState(users)
      door.log.clear()
      door.faults.clear()
    },
  }
}

function openRequests(context: ServerContext): readonly BackchannelRequest[] {
  const now = context.clock.now()
  return [...context.state.backchannelRequests.values()].filter(
    (request) => request.state === 'pending' && request.expiresAt > now,
  )
}

function find(context: ServerContext, authReqId: string | undefined, which: 'open' | 'unredeemed'): BackchannelRequest {
  const candidates =
    which === 'open'
      ? openRequests(context)
      : [...context.state.backchannelRequests.values()].filter((request) => request.state !== 'redeemed')
  const found = authReqId === undefined ? candidates.at(-1) : candidates.find((one) => one.authReqId === authReqId)
  if (found === undefined) throw new TestingError(`no ${which} backchannel request${authReqId ? ' of this id' : ''}`)
  return found
}

function waitingDevice(context: ServerContext, userCode: string): DeviceRequest {
  const found = [...context.state.devices.values()].find((one) => one.userCode === userCode && one.state === 'pending')
  if (found === undefined) throw new TestingError('no device waits with this code')
  return found
}

function shown(request: BackchannelRequest): PendingRequest {
  const { authReqId, clientId, subject, bindingMessage, authorizationDetails, scopes, audience } = request
  return {
    authReqId,
    clientId,
    subject,
    ...(bindingMessage !== undefined && { bindingMessage }),
    ...(authorizationDetails && { authorizationDetails }),
    scopes,
    audience,
    expiresAt: Math.floor(request.expiresAt / 1000),
  }
}

/** Performs the upstream's part of a link: a login there, and a refresh token for the vault's client. */
export function grantToVault(
  context: ServerContext,
  clientId: string,
  subject: string,
  resource: string,
  scopes: readonly string[] | undefined,
): { readonly refreshToken: string; readonly scopes: readonly string[] } {
  const known = context.resources.get(resource)?.scopes
  if (known === undefined) throw new TestingError(`${context.issuer} knows no API ${resource}`)
  const granted = scopes ?? known
  const grant: Grant = {
    clientId,
    session: newSession(context, subject),
    scopes: [...granted, 'offline_access'],
    audience: [resource],
    revoked: false,
  }
  return { refreshToken: issueRefreshToken(context, grant).refresh_token as string, scopes: granted }
}
