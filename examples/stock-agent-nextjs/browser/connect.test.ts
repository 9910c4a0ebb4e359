import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { ask, logIn, logOut, signInAs } from './acts.ts'
import { onStage } from './stage.ts'

onStage('linking an account', (stage) => {
  /** Consents at the exchange while the app is stopped. Returns the address that the browser came back to. */
  const allowed = async (page: Page, name: string): Promise<string> => {
    await page.goto(`${stage().origin}/connections`)
    await page.getByRole('button', { name: 'Connect', exact: true }).click()
    await signInAs(page, name)
    await page.getByRole('button', { name: 'Allow' }).waitFor()
    await stage().restart({}, async () => {
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.waitForURL(/\/connections\/callback\//)
    })
    return page.url()
  }
  const accountsOf = async (page: Page) => {
    const { text } = await ask(page, '/connections/accounts')
    return (JSON.parse(text) as { readonly accounts: readonly { readonly id: string }[] }).accounts
  }

  test('ends only for the user and the browser that began it, once', async () => {
    const anns = await stage().someone()
    await logIn(anns, stage(), 'Ann Archer')
    const url = await allowed(anns, 'Ann Archer')
    const bobs = await stage().someone()
    await logIn(bobs, stage(), 'Bob Baker')
    const stranger = await stage().someone()
    expect((await bobs.goto(url))?.status()).toBe(403)
    expect((await stranger.goto(url))?.status()).toBe(401)
    await bobs.goto(`${stage().origin}/connections`)
    expect(await accountsOf(bobs)).toEqual([])
    await anns.goto(url)
    await anns.getByRole('status').getByText('The account is connected.').waitFor()
    expect(await accountsOf(anns)).toHaveLength(1)
    expect((await anns.goto(url))?.status()).toBe(403)
  })

  test('is not ended after a logout, nor by who logged in after its user in one browser', async () => {
    const page = await stage().someone()
    await logIn(page, stage(), 'Bob Baker')
    const url = await allowed(page, 'Bob Baker')
    await page.goto(stage().origin)
    await logOut(page)
    expect((await page.goto(url))?.status()).toBe(401)
    await logIn(page, stage(), 'Ann Archer')
    await page.goto(`${stage().origin}/connections`)
    const before = await accountsOf(page)
    expect((await page.goto(url))?.status()).toBe(403)
    await page.goto(`${stage().origin}/connections`)
    expect(await accountsOf(page)).toEqual(before)
  })

  test('is taken back by its user alone, twice without harm, and leads back to this app alone', async () => {
    const cleos = await stage().someone()
    await logIn(cleos, stage(), 'Cleo Carter')
    await cleos.goto(await allowed(cleos, 'Cleo Carter'))
    await cleos.goto(`${stage().origin}/connections`)
    const [account] = await accountsOf(cleos)
    const bobs = await stage().someone()
    await logIn(bobs, stage(), 'Bob Baker')
    const end = { connection: 'stocktrade', account: account?.id }
    for (const path of ['disconnect', 'prefer']) {
      expect((await ask(bobs, `/connections/${path}?user=bob`, end)).status).toBe(404)
      expect((await ask(bobs, `/connections/${path}?user=cleo`, end)).status).toBe(401)
    }
    const names = ['__proto__', 'constructor', '', 'stocktrade\u0000', 'x'.repeat(5_000), ['stocktrade'], null]
    for (const connection of names) {
      for (const path of ['connect', 'disconnect']) {
        const { status } = await ask(cleos, `/connections/${path}?user=cleo`, { ...end, connection })
        expect([400, 404], String(connection).slice(0, 20)).toContain(status)
      }
    }
    for (const returnTo of ['//evil.example', '/\\evil.example', 'https://evil.example/', '/\t/evil.example']) {
      const started = { connection: 'stocktrade', returnTo }
      expect((await ask(cleos, '/connections/connect?user=cleo', started)).status, returnTo).toBe(400)
    }
    expect(await accountsOf(cleos)).toHaveLength(1)
    for (const status of [200, 404]) {
      expect((await ask(cleos, '/connections/disconnect?user=cleo', end)).status).toBe(status)
    }
    expect(await accountsOf(cleos)).toEqual([])
  })
})
