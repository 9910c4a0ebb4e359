import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { login } from '@behalf/testing'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/index.ts'
import { authorize, browser, openLogin, REDIRECT } from './login-http.ts'
import { basic, freePort } from './phone-http.ts'

let at: { readonly port: number; readonly data: string }
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'behalf-sandbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  at = { port: await freePort(), data: join(folder, 'sandbox.sqlite') }
})

/** One run after the other, on the same file. */
async function during<T>(work: (sandbox: Sandbox) => Promise<T>, options: SandboxOptions = {}): Promise<T> {
  const sandbox = await startSandbox({ ...at, ...options })
  try {
    return await work(sandbox)
  } finally {
    await sandbox.close()
  }
}

/** Requests an upstream token for a user's linked account. @returns the status */
async function vaultStatus({ settings, target }: Sandbox, user: string): Promise<number> {
  const { accessToken } = await login(target, { user })
  const response = await fetch(`${settings.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(settings.clientId, settings.clientSecret) },
    body: new URLSearchParams({
      grant_type: 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token',
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
      connection: settings.connection,
    }),
  })
  return response.status
}

async function change({ settings: { openFga } }: Sandbox, body: object): Promise<number> {
  const response = await fetch(`${openFga.apiUrl}/stores/${openFga.storeId}/write`, {
    method: 'POST',
    headers: { authorization: `Bearer ${openFga.credentials.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, authorization_model_id: openFga.authorizationModelId }),
  })
  return response.status
}

test('a user who signed in on a page is signed in after it', async () => {
  const go = browser()
  await during(async ({ settings }) => {
    const { post } = await openLogin(settings.issuer, settings.clientId, {}, go)
    await go((await post({ subject: 'ann' })).headers.get('location') ?? '')
  })
  await during(async ({ settings }) => {
    const back = await authorize(go, settings.issuer, settings.clientId)
    expect(back.headers.get('location')).toMatch(`${REDIRECT}?code=`)
    const stranger = await authorize(browser(), settings.issuer, settings.clientId)
    expect(stranger.headers.get('location')).toMatch(/^(http:.*)?\/interaction\//)
  })
})

test('linked accounts stay linked, and revoked ones revoked', async () => {
  await during(async (sandbox) => {
    expect([await vaultStatus(sandbox, 'ann'), await vaultStatus(sandbox, 'bob')]).toEqual([200, 200])
    await sandbox.target.upstream.controls.revokeRefreshTokens('st-1001')
  })
  await during(async (sandbox) => {
    expect([await vaultStatus(sandbox, 'ann'), await vaultStatus(sandbox, 'bob')]).toEqual([401, 200])
  })
})

test('relations stay as they were left, and people who are new have theirs', async () => {
  const delegation = { user: 'user:ann', relation: 'acts_for', object: 'agent:trader' }
  const newcomer = { user: 'user:cleo', relation: 'owner', object: 'portfolio:p-cleo' }
  const isThere = async ({ target }: Sandbox, { user, object }: typeof delegation) =>
    (await target.openFga.controls.tuples()).some((tuple) => tuple.user === user && tuple.object === object)
  await during(async (sandbox) => {
    const { tuples } = sandbox.target.openFga.controls
    const anns = (await tuples()).filter((tuple) => tuple.user === 'user:ann' && tuple.object === 'agent:trader')
    expect(anns).not.toEqual([])
    const keys = anns.map(({ user, relation, object }) => ({ user, relation, object }))
    expect(await change(sandbox, { deletes: { tuple_keys: keys } })).toBe(200)
  })
  const seed = { users: [{ subject: 'cleo' }] }
  for (let run = 0; run < 2; run++) {
    await during(
      async (sandbox) => {
        expect([await isThere(sandbox, delegation), await isThere(sandbox, newcomer)]).toEqual([false, true])
      },
      { seed },
    )
  }
})
