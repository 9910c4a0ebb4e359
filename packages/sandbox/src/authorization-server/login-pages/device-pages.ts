import { displayText } from '@behalf/core/interrupts'
import { html, raw } from 'hono/html'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { ServerParts } from '../server-context.ts'
import { noteWrongCode } from './limit-codes.ts'
import { showCard } from './send-page.ts'

/** The pages where a person enters the code that a device shows. `form` is the library's own, with its own token in it. */
export function devicePages({ pages: { title } }: Pick<ServerParts, 'pages'>) {
  return {
    async userCodeInputSource(ctx: KoaContextWithOIDC, form: string, _out?: unknown, error?: unknown): Promise<void> {
      noteWrongCode(ctx, error)
      await showCard(
        ctx,
        title,
        html`<div class="card"><h2 class="big">Connect a device</h2>
<p>${error === undefined ? 'Enter the code that the device shows.' : 'This code is unknown. Check it again.'}</p>
${raw(labelled(form))}
<button class="main" type="submit" form="op.deviceInputForm">Continue</button></div>`,
      )
    },
    async userCodeConfirmSource(
      ctx: KoaContextWithOIDC,
      form: string,
      client: { readonly clientId: string },
      _device: unknown,
      userCode: string,
    ): Promise<void> {
      await showCard(
        ctx,
        title,
        html`<div class="card"><h2 class="big">Is this your device?</h2>
<p><strong>${displayText(client.clientId)}</strong> shows the code <code>${displayText(userCode)}</code></p>${raw(form)}
<div class="answers"><button type="submit" name="abort" value="yes" form="op.deviceConfirmForm">Cancel</button>
<button class="main" type="submit" form="op.deviceConfirmForm">Connect</button></div></div>`,
      )
    },
    async successSource(ctx: KoaContextWithOIDC): Promise<void> {
      await showCard(
        ctx,
        title,
        html`<div class="card"><h2 class="big">The device is connected</h2><p>You can close this page.</p></div>`,
      )
    },
  }
}

/**
 * Adds a label to the library's input, which has none. The library moves the focus by a script that our policy does not
 * run.
 */
function labelled(form: string): string {
  return form.replace('<input', '<label class="said" for="user_code">Code</label><input id="user_code"')
}
