import { html } from 'hono/html'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Markup } from '../../pages/index.ts'
import { sendPage } from './send-page.ts'

/** Answers a request to the library with a page of the sandbox around one card. */
export async function showCard(ctx: KoaContextWithOIDC, title: string, card: Markup): Promise<void> {
  const body = html`<header><h1>${title}</h1></header><main>${card}</main>`
  await sendPage(ctx, { title, body, leavesTheSite: true })
}
