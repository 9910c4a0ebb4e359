import { html, raw } from 'hono/html'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ServerParts } from '../server-context.ts'
import { showCard } from './send-page.ts'

/**
 * Pages of a logout that an app began (OpenID Connect RP-Initiated Logout 1.0 §2). The person confirms first: any page
 * can send a browser here. `form` is the library's own, with its own token in it.
 */
export function logoutPages({ pages: { title } }: Pick<ServerParts, 'pages'>) {
  return {
    async logoutSource(ctx: KoaContextWithOIDC, form: string): Promise<void> {
      await showCard(
        ctx,
        title,
        html`<div class="card"><h2 class="big">Log out here too?</h2>
<p>Otherwise, the next login in this browser signs you in again without asking.</p>${raw(form)}
<div class="answers"><button type="submit" form="op.logoutForm">Stay logged in</button>
<button class="main" type="submit" name="logout" value="yes" form="op.logoutForm">Log out here</button></div></div>`,
      )
    },
    async postLogoutSuccessSource(ctx: KoaContextWithOIDC): Promise<void> {
      await showCard(
        ctx,
        title,
        html`<div class="card"><h2 class="big">You are logged out</h2><p>You can close this page.</p></div>`,
      )
    },
  }
}
