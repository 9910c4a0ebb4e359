import { describe, expect, test } from 'vitest'
import { world } from './sessions-world.ts'

const json = { 'content-type': 'application/json' }

/** A session whose token has ended, at an issuer that answers each renewal with `refusal`. */
async function ended(refusal: () => Response) {
  const w = await world()
  let renewals = 0
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const isRenewal = String(await new Request(input, init).text()).includes('grant_type=refresh_token')
    if (!isRenewal) return globalThis.fetch(input, init)
    renewals++
    return refusal()
  }
  const sessions = w.sessions({ fetch })
  const { id } = await sessions.create((await w.answer()).json)
  w.clock.advance(7200)
  return { look: () => sessions.identity(id), renewals: () => renewals }
}

describe('a refresh token that the issuer refuses with 400', () => {
  test.each<[string, () => Response]>([
    ['and an empty body', () => new Response('', { status: 400 })],
    ['and no body', () => new Response(null, { status: 400 })],
    [
      'and a page',
      () => new Response('<h1>Bad Request</h1>', { status: 400, headers: { 'content-type': 'text/html' } }),
    ],
    ['and JSON without an error', () => new Response('{}', { status: 400, headers: json })],
    ['and invalid JSON', () => new Response('{', { status: 400, headers: json })],
    ['and an error that is no text', () => new Response('{"error":{"code":7}}', { status: 400, headers: json })],
    ['and invalid_grant', () => new Response('{"error":"invalid_grant"}', { status: 400, headers: json })],
  ])('%s ends the session, and is asked for once', async (_, refusal) => {
    const { look, renewals } = await ended(refusal)
    expect(await look()).toMatchObject({ status: 'login_required' })
    expect(await look()).toMatchObject({ status: 'login_required' })
    expect(renewals()).toBe(1)
  })
})

describe('a refusal that says nothing of the refresh token is a fault, and asks no user to sign in', () => {
  test.each<[string, () => Response, object]>([
    ['another OAuth error', () => new Response('{"error":"invalid_client"}', { status: 400, headers: json }), {}],
    ['401 without a body', () => new Response('', { status: 401 }), { status: 401 }],
    ['404 without a body', () => new Response('', { status: 404 }), { status: 404 }],
    ['a page with 200', () => new Response('<h1>OK</h1>', { headers: { 'content-type': 'text/html' } }), {}],
  ])('%s', async (_, refusal, error) => {
    const { look, renewals } = await ended(refusal)
    await expect(look()).rejects.toMatchObject(error)
    expect(renewals()).toBe(1)
  })
})
