import { FURTHER_PATHS } from '@behalf/testing/authorization-server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { problemBody } from './login-page.ts'
import { sendPage } from './send-page.ts'

type Next = () => Promise<unknown>

const MAX_WRONG = 10
const WINDOW_SECONDS = 60

/** Records that the entered code is of no waiting device. */
export function noteWrongCode(ctx: KoaContextWithOIDC, error: unknown): void {
  ctx.state.wrongCode = error instanceof Error && 'userCode' in error
}

/**
 * Limits wrong codes of devices, for all browsers together, since a browser can drop its cookies.
 *
 * Counts only entries from the library's own form, so that a page of another site cannot consume the tries.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-5.1 | RFC 8628 §5.1}
 */
export function limitCodes(title: string): (ctx: KoaContextWithOIDC, next: Next) => Promise<void> {
  let tries: readonly { readonly at: number }[] = []
  return async (ctx, next) => {
    if (ctx.path !== FURTHER_PATHS.device || ctx.method !== 'POST') return void (await next())
    const now = Date.now()
    tries = tries.filter(({ at }) => at > now - WINDOW_SECONDS * 1000)
    if (tries.length >= MAX_WRONG) return refuse(ctx, title)
    // Counted before the check, so that simultaneous entries all count.
    const own = { at: now }
    tries = [...tries, own]
    await next()
    if (ctx.state.wrongCode !== true) tries = tries.filter((one) => one !== own)
  }
}

async function refuse(ctx: KoaContextWithOIDC, title: string): Promise<void> {
  const body = problemBody(title, 'Too many wrong codes were entered. Wait a minute, then enter the code again.')
  ctx.set('retry-after', String(WINDOW_SECONDS))
  await sendPage(ctx, { title, body, status: 429 })
}
