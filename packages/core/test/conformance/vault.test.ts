import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { useMsw } from '../unit/oauth/mock-issuer.ts'
import { testClock } from '../unit/runs/harness.ts'
import { provider } from '../unit/vault/provider.ts'
import { world } from '../unit/vault/world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4830', () => clock.now())
useMsw(...crm.handlers)
const redeemed = () => crm.forms.filter((form) => form.get('grant_type') === 'authorization_code')

/** A connect flow whose answer is changed on the way back. */
async function answered(change: Record<string, string | undefined>) {
  crm.reset()
  const { start, finish } = world(crm, { clock })
  return finish(crm.codeFor((await start()).url, change))
}

describe('RFC 9207: the client', () => {
  verifies('RFC9207-2.4-compare', 'the very text, not a URL of the same meaning', async () => {
    for (const iss of ['https://evil.example', 'http://localhost:4830/', 'HTTP://LOCALHOST:4830']) {
      expect(await answered({ iss })).toMatchObject({ status: 'refused', reason: 'other_issuer' })
      expect(redeemed()).toHaveLength(0)
    }
    expect(await answered({})).toMatchObject({ status: 'connected' })
  })

  verifies('RFC9207-2.4-missing', 'where the metadata promises one', async () => {
    expect(await answered({ iss: undefined })).toMatchObject({ status: 'refused', reason: 'other_issuer' })
    expect(redeemed()).toHaveLength(0)
  })

  verifies('RFC9207-2.4-error', 'its words are not repeated', async () => {
    const answer = await answered({ iss: 'https://evil.example', code: undefined, error: 'access_denied' })
    expect(answer).toMatchObject({ status: 'refused', reason: 'other_issuer' })
  })
})

describe('RFC 7636: the client', () => {
  verifies('RFC7636-4.1-verifier', 'fresh each time', async () => {
    const seen = new Set<string>()
    for (let round = 0; round < 3; round++) {
      await answered({})
      const verifier = redeemed()[0]?.get('code_verifier') ?? ''
      expect(verifier).toMatch(/^[A-Za-z0-9\-._~]{43,128}$/)
      seen.add(verifier)
    }
    expect(seen.size).toBe(3)
  })

  verifies('RFC7636-4.2-s256', 'and names it', async () => {
    const { url } = await world(crm, { clock }).start()
    expect(new URL(url).searchParams.get('code_challenge_method')).toBe('S256')
  })

  verifies('RFC7636-4.5-send', 'the provider compares them', async () => {
    crm.reset()
    const { start, finish } = world(crm, { clock })
    const { url } = await start()
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'connected' })
    const hash = await crypto.subtle.digest(
      'SHA-256',
      new TextEncoder().encode(redeemed()[0]?.get('code_verifier') ?? ''),
    )
    expect(Buffer.from(hash).toString('base64url')).toBe(new URL(url).searchParams.get('code_challenge'))
  })
})
