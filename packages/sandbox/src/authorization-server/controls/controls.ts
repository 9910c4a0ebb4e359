import {
  type ApproveOptions,
  type AuthorizationServerControls,
  type PendingRequest,
  TestingError,
} from '@behalf/testing'
import {
  acrOf,
  detailsOf,
  epochSeconds,
  type Pace,
  sharedControls,
  userOf,
  words,
} from '@behalf/testing/authorization-server'
import { errors } from 'oidc-provider'
import { grantOf } from '../grants/grant-of.ts'
import { initialState, keepState } from '../kept-state.ts'
import { tellAnswer } from '../requests/observe.ts'
import type { ServerContext } from '../server-context.ts'
import { approveDevice, denyDevice } from './answer-device.ts'
import { openQuestions, shown, takeQuestion, unredeemed } from './questions.ts'
import { startSession } from './sign-in.ts'

/** Makes the controls of one server: the same as those of the mocked server. */
export function createControls(context: ServerContext): AuthorizationServerControls {
  const pace = (authReqId: string | undefined): Pace => paceOf(context, unredeemed(context, authReqId))
  return {
    async signInAs(subject, login = {}) {
      context.state.signedIn = subject === undefined ? undefined : await startSession(context, subject, login)
    },
    async pendingRequests(subject) {
      const open = openQuestions(context).filter(
        ([, request]) => subject === undefined || request.accountId === subject,
      )
      return open.map(([id, request]) => shown(id, request))
    },
    approve: (authReqId, options = {}) => approve(context, authReqId, options),
    deny: (authReqId) => deny(context, authReqId),
    async expire(authReqId) {
      const id = unredeemed(context, authReqId)
      context.records.change('BackchannelAuthenticationRequest', id, { exp: epochSeconds() })
      tellAnswer(context, questionOf(context, id), 'expired')
    },
    async slowDown(authReqId) {
      pace(authReqId).slowDownNext = true
    },
    async answerLost(authReqId) {
      pace(authReqId).loseAnswer = true
    },
    approveDevice: (userCode, subject) => approveDevice(context, userCode, userOf(context, subject).subject),
    denyDevice: (userCode) => denyDevice(context, userCode),
    async revokeRefreshTokens(subject) {
      userOf(context, subject)
      for (const [, token] of context.records.all('RefreshToken')) {
        if (token.accountId === subject && token.grantId !== undefined) context.records.revokeGrant(token.grantId)
      }
    },
    ...sharedControls(context, context, () => keepState(context)),
    async reset() {
      context.state = initialState(context.options.users)
      context.records.clear()
      context.log.clear()
      context.faults.clear()
      keepState(context)
    },
  }
}

async function deny(context: ServerContext, authReqId: string | undefined): Promise<void> {
  const request = await takeQuestion(context, authReqId)
  const question = questionOf(context, request.jti)
  await context.provider.backchannelResult(request, new errors.AccessDenied('the person said no')).catch(ignorePing)
  tellAnswer(context, question, 'denied')
}

/** Approves in the person's place, within the limits that a test sets. */
async function approve(context: ServerContext, authReqId: string | undefined, options: ApproveOptions): Promise<void> {
  if (options.subject !== undefined) userOf(context, options.subject)
  const request = await takeQuestion(context, authReqId)
  const question = questionOf(context, request.jti)
  const { subject } = userOf(context, options.subject ?? request.accountId ?? '')
  const scopes = options.scopes ?? words(request.scope)
  const rar = options.authorizationDetails ?? detailsOf(request.params?.authorization_details)
  Object.assign(request, { accountId: subject, scope: scopes.join(' ') })
  const grant = await grantOf(context, {
    clientId: request.clientId as string,
    subject,
    scopes,
    resources: [request.resource ?? []].flat(),
  })
  await context.provider
    .backchannelResult(request, grant, {
      acr: options.acr ?? words(request.params?.acr_values)[0] ?? acrOf(context, subject),
      authTime: epochSeconds(),
      sid: crypto.randomUUID(),
      ...(rar && { rar: [...rar] as never }),
    })
    .catch(ignorePing)
  tellAnswer(context, question, 'approved')
}

/** Ignores a failed ping: the answer is stored before, and a client that gets no ping polls. */
function ignorePing(error: unknown): void {
  const isPing = error instanceof TypeError || (error instanceof Error && error.message.startsWith('expected 204'))
  if (!isPing) throw error
}

function questionOf({ records }: ServerContext, id: string): PendingRequest {
  return shown(id, records.get('BackchannelAuthenticationRequest', id) ?? {})
}

function paceOf({ state }: ServerContext, authReqId: string): Pace {
  const pace = state.paces.get(authReqId)
  if (pace === undefined) throw new TestingError('no backchannel request of this id')
  return pace
}
