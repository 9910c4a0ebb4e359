import { type PendingRequest, TestingError } from '@behalf/testing'
import { detailsOf, epochSeconds, words } from '@behalf/testing/authorization-server'
import type { AdapterPayload, BackchannelAuthenticationRequest } from 'oidc-provider'
import type { ServerContext } from '../server-context.ts'

const MODEL = 'BackchannelAuthenticationRequest'

type Question = readonly [id: string, payload: AdapterPayload]

/** Returns the questions that are unanswered and not expired, oldest first. */
export function openQuestions({ records }: ServerContext): readonly Question[] {
  const now = epochSeconds()
  return records
    .all(MODEL)
    .filter(([, { grantId, error, consumed, exp = 0 }]) => !grantId && !error && !consumed && exp > now)
}

/**
 * Takes an open question to answer it now. Of two simultaneous answers, the first counts: the second finds the question
 * taken.
 * @param id - @default the newest open one
 */
export async function takeQuestion(
  context: ServerContext,
  id: string | undefined,
): Promise<BackchannelAuthenticationRequest> {
  const { answered } = context.state
  const open = openQuestions(context).filter(([known]) => !answered.has(known))
  const [found] = (id === undefined ? open.at(-1) : open.find(([known]) => known === id)) ?? []
  if (found !== undefined) answered.add(found)
  const request =
    found === undefined
      ? undefined
      : await context.provider.BackchannelAuthenticationRequest.find(found, { ignoreExpiration: true })
  if (request === undefined) {
    const which = id === undefined ? '' : ' of this id'
    throw new TestingError(`no open backchannel request${which}: sandbox.fault('approve') also answers the next one`)
  }
  return request
}

/** Returns the id of a question whose tokens were not fetched. @param id - @default the newest */
export function unredeemed({ records }: ServerContext, id: string | undefined): string {
  const candidates = records.all(MODEL).filter(([, { consumed }]) => !consumed)
  const [found] = (id === undefined ? candidates.at(-1) : candidates.find(([known]) => known === id)) ?? []
  if (found === undefined)
    throw new TestingError(`no unredeemed backchannel request${id === undefined ? '' : ' of this id'}`)
  return found
}

/** Returns the request as the person sees it on their device. */
export function shown(authReqId: string, request: AdapterPayload): PendingRequest {
  const params = (request.params ?? {}) as Readonly<Record<string, string | undefined>>
  const authorizationDetails = detailsOf(params.authorization_details)
  return {
    authReqId,
    clientId: request.clientId ?? '',
    subject: request.accountId ?? '',
    ...(params.binding_message !== undefined && { bindingMessage: params.binding_message }),
    ...(authorizationDetails && { authorizationDetails }),
    scopes: words(request.scope),
    audience: [(request.resource as string | string[] | undefined) ?? []].flat(),
    expiresAt: request.exp ?? 0,
  }
}
