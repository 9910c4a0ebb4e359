import { optional, type Received, words } from '../../http/received.ts'
import { answer } from '../../http/refusal.ts'
import { grantedScopes, requestedAudience } from '../grants/grant-targets.ts'
import { requireGrantType, type ServerContext } from '../server-context.ts'
import { GRANT } from '../server-facts.ts'
import { randomText } from '../tokens/issue-tokens.ts'
import { authenticateClient } from './authenticate-client.ts'

const EXPIRES_IN = 600
const INTERVAL = 5

/** RFC 8628 §6.1: consonants only, so that no code spells a word. */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'

/**
 * The device authorization endpoint.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.1 | RFC 8628 §3.1}
 */
export async function requestDeviceAuthorization(context: ServerContext, received: Received): Promise<Response> {
  const client = await authenticateClient(context, received)
  requireGrantType(client, GRANT.device)
  const { parameters } = received
  const audience = requestedAudience(context, parameters)
  const requested = words(optional(parameters, 'scope'))
  const deviceCode = randomText()
  const userCode = makeUserCode()
  const interval = Math.min(INTERVAL, context.ciba.interval)
  context.state.devices.set(deviceCode, {
    userCode,
    clientId: client.clientId,
    // The user who will enter the code is not known yet; their own limits apply at the answer.
    scopes: grantedScopes(context, { client, subject: undefined, requested, audience }),
    audience,
    expiresAt: context.clock.now() + EXPIRES_IN * 1000,
    interval,
    slowDownNext: false,
    loseAnswer: false,
    state: 'pending',
  })
  return answer({
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: context.endpoints.device,
    verification_uri_complete: `${context.endpoints.device}?user_code=${userCode}`,
    expires_in: EXPIRES_IN,
    interval,
  })
}

function makeUserCode(): string {
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => ALPHABET[byte % ALPHABET.length])
  return `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
}
