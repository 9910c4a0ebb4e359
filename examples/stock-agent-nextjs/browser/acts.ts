import type { Page } from 'playwright-core'
import type { Stage } from './stage.ts'

/** Types into the chat and sends it. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

/** On the issuer's page: this very person. */
export async function signInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(name) }).click()
}

/** From the app's own page to the issuer's and back. */
export async function logIn(page: Page, { origin }: Stage, name: string): Promise<void> {
  await page.goto(origin)
  await page.getByRole('link', { name: 'Log in' }).click()
  await signInAs(page, name)
  await page.getByRole('button', { name: 'Log out' }).waitFor()
}

/** Links the account at the exchange, as its card in the chat asks. */
export async function connectAccount(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Connect' }).click()
  await signInAs(page, name)
  await page.getByRole('button', { name: 'Allow' }).click()
}

export const waiting = (page: Page) => page.getByRole('region', { name: 'Waiting for approval' })

/** Picks up a user's phone, and answers one question there. */
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
