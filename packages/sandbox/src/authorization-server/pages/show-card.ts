import { html } from 'hono/html'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type Markup, page } from '../../pages/index.ts'

/** Answers a request to the library with a page of ours around one card. */
export async function showCard(ctx: KoaContextWithOIDC, title: string, card: Markup): Promise<void> {
  const body = html`<header><h1>${title}</h1></header><main>${card}</main>`
  const response = await page({ title, body, leavesTheSite: true })
  for (const [name, value] of response.headers) ctx.set(name, value)
  ctx.body = await response.text()
}
