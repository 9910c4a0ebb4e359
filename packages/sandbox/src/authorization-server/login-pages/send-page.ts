import { html } from 'hono/html'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type Markup, type PageParts, page } from '../../pages/index.ts'

/** Answers a request to the library with a page of the sandbox. Without a status, keeps the library's status. */
export async function sendPage(ctx: KoaContextWithOIDC, parts: PageParts): Promise<void> {
  const response = await page(parts)
  if (parts.status !== undefined) ctx.status = parts.status
  for (const [name, value] of response.headers) ctx.set(name, value)
  ctx.body = await response.text()
}

/** Answers a request to the library with a page of the sandbox around one card. */
export async function showCard(ctx: KoaContextWithOIDC, title: string, card: Markup): Promise<void> {
  const body = html`<header><h1>${title}</h1></header><main>${card}</main>`
  await sendPage(ctx, { title, body, leavesTheSite: true })
}
