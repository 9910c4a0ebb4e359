import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { api, open, useApi } from './open-credential.ts'

useApi()

// Three answers whose bodies stay unread: of a token that is replaced, of a proof without its nonce, and of a step-up.
const stepUp = { 'www-authenticate': 'Bearer error="insufficient_user_authentication", acr_values="gold"' }
const wantsNonce = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n-1' }

/** What comes of a call whose first answer is a 401 with this body. */
async function callWith(body: ReadableStream, headers: Record<string, string>): Promise<string> {
  let requests = 0
  const { credential } = open({
    fetch: async () => (requests++ === 0 ? new Response(body, { status: 401, headers }) : new Response('done')),
    refresh: async () => ({ token: new Token('second'), scopes: [] }),
    ...(headers === wantsNonce && { dpop: await generateDpopKey() }),
  })
  return credential.fetch(`${api}/a`).then(
    (answer) => answer.text(),
    ({ code }: { code?: string }) => code ?? 'another error',
  )
}

describe.each([
  ['of a token that is replaced', {}, 'done'],
  ['of a proof without its nonce', wantsNonce, 'done'],
  ['that asks for more', stepUp, 'ERR_STEP_UP_REQUIRED'],
])('the body of an answer %s', (_name, headers, end) => {
  test('is let go of', async () => {
    let discardBody = false
    const body = new ReadableStream({
      cancel: () => {
        discardBody = true
      },
    })
    expect([await callWith(body, headers), discardBody]).toEqual([end, true])
  })

  test('may have broken off: the head of the answer counts', async () => {
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error('connection reset')) })
    expect(await callWith(broken, headers)).toBe(end)
  })

  test('is not waited for', async () => {
    const stuck = new ReadableStream({ cancel: () => new Promise(() => {}) })
    expect(await callWith(stuck, headers)).toBe(end)
  })
})
