import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { acrOf, detailsOf, words } from '@behalf/testing/authorization-server'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { isSameOrigin } from '../../http/request-origin.ts'
import { describeDetails, type Markup } from '../../pages/index.ts'
import { keepState } from '../kept-state.ts'
import type { ServerContext, ServerParts } from '../server-context.ts'
import { consentBody, loginBody, problemBody } from './login-page.ts'
import { sendPage } from './send-page.ts'

type Interaction = Awaited<ReturnType<ServerContext['provider']['interactionDetails']>>
type Next = () => Promise<unknown>

const MAX_FORM = 4096

/**
 * Shows the pages of a login: the user's identity and, if the server requires it, the client's rights.
 *
 * An answer counts only from this exact page: it needs the library's cookie of this interaction, our origin, and the
 * page's token.
 */
export function showPages(
  context: ServerContext,
  parts: ServerParts,
): (ctx: KoaContextWithOIDC, next: Next) => Promise<void> {
  const secret = randomBytes(32)
  const csrfOf = (uid: string) => createHmac('sha256', secret).update(uid).digest('base64url')
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return void (await next())
    const interaction = await context.provider.interactionDetails(ctx.req, ctx.res).catch(() => undefined)
    if (interaction === undefined || ctx.path !== `/interaction/${interaction.uid}`) {
      const reason = 'This login was finished already, or took too long. Go back to the app and begin again.'
      return send(ctx, problemBody(parts.pages.title, reason), 400)
    }
    const csrf = csrfOf(interaction.uid)
    if (ctx.method === 'GET') return send(ctx, await bodyOf(context, parts, interaction, csrf))
    const form = await readForm(ctx)
    const isOurs = isSameOrigin(new Headers(ctx.req.headers as Record<string, string>), context.issuer)
    if (ctx.method !== 'POST' || !isOurs || !isEqual(form.get('csrf') ?? '', csrf)) {
      return send(ctx, problemBody(parts.pages.title, 'This answer did not come from the page that asked.'), 403)
    }
    await finish(context, parts, ctx, interaction, form)
  }
}

async function bodyOf(
  context: ServerContext,
  { pages }: ServerParts,
  interaction: Interaction,
  csrf: string,
): Promise<Markup> {
  const { prompt, params, session } = interaction
  const clientId = String(params.client_id)
  const { clientName } = (await context.provider.Client.find(clientId)) ?? {}
  const client = clientName === undefined ? clientId : `${clientName} (${clientId})`
  const asked = { title: pages.title, client, csrf }
  if (prompt.name === 'login') return loginBody(asked, [...context.state.users.values()])
  const user = context.state.users.get(session?.accountId ?? '')
  return consentBody(asked, {
    name: user?.name ?? session?.accountId ?? 'unknown',
    scopes: words(params.scope),
    audience: [params.resource ?? []].flat().join(', '),
    details: await Promise.all(
      (detailsOf(params.authorization_details) ?? []).map((detail) => describeDetails(detail, noQuote)),
    ),
  })
}

/** Returns no price: this server does not know the exchange's prices. */
const noQuote = async () => undefined

async function finish(
  context: ServerContext,
  { name, events }: ServerParts,
  ctx: KoaContextWithOIDC,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const { prompt, params, session } = interaction
  const told = { issuer: name, clientId: String(params.client_id), scopes: words(params.scope) }
  ctx.respond = false
  if (prompt.name === 'login') {
    const subject = form.get('subject') ?? ''
    if (!context.state.users.has(subject)) {
      ctx.respond = true
      return send(ctx, problemBody('Sign in', 'There is no user of this name here.'), 400)
    }
    events.emit({ type: 'signed_in', subject, ...told })
    const acr = words(params.acr_values)[0] ?? acrOf(context, subject)
    const login = { accountId: subject, acr, ts: Math.floor(Date.now() / 1000) }
    await context.provider.interactionFinished(ctx.req, ctx.res, { login })
  } else {
    const agrees = form.get('answer') === 'yes'
    events.emit({ type: agrees ? 'consented' : 'declined', subject: session?.accountId ?? 'unknown', ...told })
    const result = agrees
      ? { consent: {} }
      : { error: 'access_denied', error_description: 'the person did not agree at the provider' }
    await context.provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: agrees })
  }
  keepState(context)
}

const send = (ctx: KoaContextWithOIDC, body: Markup, status = 200) =>
  sendPage(ctx, { title: 'Sign in', body, status, leavesTheSite: true })

async function readForm(ctx: KoaContextWithOIDC): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of ctx.req) {
    text += String(chunk)
    if (text.length > MAX_FORM) return new URLSearchParams()
  }
  return new URLSearchParams(text)
}

function isEqual(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)]
  return one.length === other.length && timingSafeEqual(one, other)
}
