import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Stage } from './stage.ts'

/** Types into the chat and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

/** Signs this person in on the issuer's page. */
export async function signInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(name) }).click()
}

/** Goes from the app's own page to the issuer's and back. */
export async function logIn(page: Page, { origin }: Stage, name: string): Promise<void> {
  await page.goto(origin)
  await page.getByRole('link', { name: 'Log in' }).click()
  await signInAs(page, name)
  await page.getByRole('button', { name: 'Log out' }).waitFor()
}

/** Logs out of the app, and if requested at the issuer too. */
export async function logOut(page: Page, atIssuer: 'Log out here' | 'Stay logged in' = 'Log out here'): Promise<void> {
  await page.getByRole('button', { name: 'Log out', exact: true }).click()
  await page.getByRole('button', { name: atIssuer }).click()
  await page.getByRole('link', { name: 'Log in' }).waitFor()
}

/** Says something that the model does not answer, and then something that it answers with “Here I am.”. */
export async function isAnsweredAfterSilence(page: Page, { origin }: Stage): Promise<void> {
  await page.goto(origin)
  await say(page, 'Hello')
  await page.getByRole('alert').getByText('The agent did not answer.').waitFor()
  await say(page, 'Are you there?')
  await page.getByText('Here I am.').waitFor()
}

/** Links the account at the exchange, as its card in the chat asks. */
export async function connectAccount(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Connect' }).click()
  await signInAs(page, name)
  await page.getByRole('button', { name: 'Allow' }).click()
}

export const waiting = (page: Page) => page.getByRole('region', { name: 'Waiting for approval' })

/** Locates the text from before the login, which waits for its user's click. */
export const adopted = (page: Page) => page.getByRole('region', { name: 'Asked before the login' })

/** Locates the result of the order, on its card. */
export const verdict = (page: Page, text: string) =>
  page.getByRole('region', { name: 'Order' }).getByText(text, { exact: true }).last()

/** Opens a browser in which a user has asked for an order that waits. */
export async function asked(
  stage: Stage,
  prompt: string,
  name = 'Ann Archer',
): Promise<{ readonly page: Page; readonly id: string; readonly before: number }> {
  const page = await stage.someone()
  await logIn(page, stage, name)
  const before = await stage.orders(`p-${name.split(' ')[0]?.toLowerCase()}`)
  await say(page, prompt)
  await waiting(page).waitFor()
  return { page, before, id: new URL(page.url()).searchParams.get('c') ?? '' }
}

/** Opens a user's phone, and answers one question there. */
export async function answerOnPhone(
  stage: Stage,
  subject: string,
  message: string,
  answer: 'Approve' | 'Deny',
): Promise<void> {
  const phone = await stage.someone({ viewport: { width: 390, height: 760 } })
  await phone.goto(stage.sandbox.phone.urlOf(subject))
  await phone.getByRole('article', { name: message }).getByRole('button', { name: answer }).click()
  await phone.getByText(answer === 'Approve' ? 'You approved it.' : 'You denied it.').waitFor()
  await phone.context().close()
}

/** Sends a request as a script in this page would. */
export async function ask(
  page: Page,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly text: string }> {
  return page.evaluate(
    async ([to, json]) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(to, json === '' ? {} : { method: 'POST', headers, body: json })
      return { status: response.status, text: await response.text() }
    },
    [path, body === undefined ? '' : JSON.stringify(body)] as const,
  )
}

/** Keeps elements in the first moment of their animation during a test; afterwards they accept clicks. */
export async function stayUnsettled(page: Page): Promise<() => Promise<void>> {
  const pause = () => {
    // The issuer's pages let no style element in.
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('.settling { animation-play-state: paused !important }')
    document.adoptedStyleSheets.push(sheet)
  }
  await page.addInitScript(`document.addEventListener('DOMContentLoaded', ${pause})`)
  await page.evaluate(pause)
  return () =>
    page.evaluate(() => {
      for (const animation of document.getAnimations()) animation.finish()
    })
}

/** Clicks at a position, whether or not the element accepts clicks. */
export async function clickAt(page: Page, target: Locator): Promise<() => Promise<void>> {
  const { x, y, width, height } = (await target.boundingBox()) ?? expect.unreachable('it is not shown')
  return () => page.mouse.click(x + width / 2, y + height / 2)
}

/** Moves the focus with the Tab key alone, until it reaches the target. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  const isFocused = () => target.evaluate((element) => element === document.activeElement).catch(() => false)
  await target.waitFor()
  for (let presses = 0; presses < 40; presses++) {
    if (await isFocused()) return
    await page.keyboard.press('Tab')
  }
  expect.unreachable('the Tab key does not lead there')
}
