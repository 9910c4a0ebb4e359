import type { Principal } from '../base/contract/index.ts'

/** Names the person to ask, in one of the three ways that CIBA has. */
export type BackchannelHint =
  | { readonly loginHint: string }
  /** A signed token that names the person. Client and server agree on its form. */
  | { readonly loginHintToken: string }
  /** An id_token that the server issued to us for this person. */
  | { readonly idTokenHint: string }

/** Finds the hint of an approver. */
export type HintOf = (approver: Principal) => BackchannelHint | Promise<BackchannelHint>

/** Returns the hint as form parameters. */
export function hintParameters(hint: BackchannelHint): Readonly<Record<string, string>> {
  if ('loginHint' in hint) return { login_hint: hint.loginHint }
  if ('loginHintToken' in hint) return { login_hint_token: hint.loginHintToken }
  return { id_token_hint: hint.idTokenHint }
}
