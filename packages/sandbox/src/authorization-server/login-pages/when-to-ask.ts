import { words } from '@behalf/testing/authorization-server'
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import type { ServerContext, ServerParts } from '../server-context.ts'

const { Check } = interactionPolicy

type Asks = (ctx: KoaContextWithOIDC) => boolean | Promise<boolean>

/**
 * Returns the policy for pages. A person sees a page to log in, and to grant a client's rights if the server requires
 * that or the request has authorization details.
 *
 * A user whom a control signed in sees no page.
 */
export function withPages(
  context: Pick<ServerContext, 'state'>,
  { pages }: Pick<ServerParts, 'pages'>,
): interactionPolicy.DefaultPolicy {
  const unlessSignedIn =
    (asks: Asks): Asks =>
    (ctx) =>
      context.state.signedIn === undefined && asks(ctx)
  const policy = interactionPolicy.base()
  const login = policy.get('login')
  login?.checks.add(new Check('login_too_weak', 'another authentication level is required', isTooWeak))
  for (const check of login?.checks ?? []) check.check = unlessSignedIn(check.check)
  const consent = policy.get('consent')
  consent?.checks.clear()
  // Details in a token say that the person approved them, so they are always shown.
  const isUnseen = ({ oidc }: KoaContextWithOIDC) =>
    oidc.result?.consent === undefined && (pages.consent || oidc.params?.authorization_details !== undefined)
  consent?.checks.add(new Check('not_asked', 'the person has to agree', 'consent_required', unlessSignedIn(isUnseen)))
  return policy
}

function isTooWeak({ oidc }: KoaContextWithOIDC): boolean {
  const wanted = words(oidc.params?.acr_values)
  return wanted.length > 0 && oidc.result?.login === undefined && !wanted.includes(oidc.session?.acr ?? '')
}

/** Returns the path of an interaction's page. */
export function interactionPath(_ctx: KoaContextWithOIDC, interaction: { readonly uid: string }): string {
  return `/interaction/${interaction.uid}`
}
