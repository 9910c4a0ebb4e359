import { ask, isSecure } from './ask.ts'
import type { Metadata } from './check-metadata.ts'
import type { DoctorNeed, DoctorOptions } from './options.ts'
import { type Finding, ok, problem, warning } from './report.ts'

const GRANT = {
  'token-exchange': 'urn:ietf:params:oauth:grant-type:token-exchange',
  ciba: 'urn:openid:params:grant-type:ciba',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  refresh: 'refresh_token',
} as const

const FIXES: Readonly<Record<DoctorNeed, string>> = {
  ciba: 'Turn CIBA on for the server and the client (Auth0: grant type of the application; Okta: grant type and authenticator; Keycloak: realm, CIBA policy). Entra has none: use inAppApprovals.',
  'token-exchange':
    'Turn token exchange on (Auth0: custom API client; Okta: grant type of the app; Keycloak: standard token exchange of the client). Entra: entra() uses the on-behalf-of grant instead.',
  refresh: 'Allow the refresh_token grant, and the scope offline_access, for the client.',
  device: 'Allow the device code grant for the client.',
  dpop: 'Turn DPoP on at the server, or leave `dpop` out of the profile.',
  introspection: 'Needed for opaque tokens only: let the API issue JWTs instead, or use a server with RFC 7662.',
  revocation: 'Without RFC 7009 tokens stay valid until they expire: keep their lifetime short.',
}

/** Checks the metadata: endpoints, keys, grants, and the features that the app needs. */
export async function checkFeatures(metadata: Metadata, options: DoctorOptions): Promise<readonly Finding[]> {
  const needs = new Set<DoctorNeed>(options.needs ?? ['ciba', 'token-exchange'])
  return [
    endpoints(metadata),
    await keys(metadata, options.timeoutMs ?? 10_000),
    pkce(metadata),
    ...(Object.keys(FIXES) as DoctorNeed[]).map((need) => feature(metadata, need, needs.has(need))),
  ]
}

function endpoints(metadata: Metadata): Finding {
  const names = ['authorization_endpoint', 'token_endpoint', 'jwks_uri']
  const missing = names.filter((name) => !isText(metadata[name]) || !URL.canParse(metadata[name]))
  const insecure = names.filter((name) => !missing.includes(name) && !isSecure(String(metadata[name])))
  if (missing.length === 0 && insecure.length > 0) {
    const fix = 'Let the server announce https addresses (behind a proxy: tell it its public address).'
    return problem('endpoints_insecure', `not https: ${insecure.join(', ')}`, fix)
  }
  if (missing.length === 0) return ok('endpoints', 'authorization, token and key endpoints are present')
  const fix = 'This is no complete OpenID provider: check that the issuer is the right one.'
  return problem('endpoints_missing', `the metadata has no address for ${missing.join(', ')}`, fix)
}

async function keys({ jwks_uri: url }: Metadata, timeoutMs: number): Promise<Finding> {
  if (!isText(url)) return problem('keys_missing', 'there is no jwks_uri', 'Without keys no token can be verified.')
  const asked = await ask(url, timeoutMs)
  const list = 'failure' in asked ? undefined : (asked.body as { readonly keys?: unknown } | undefined)?.keys
  if (Array.isArray(list) && list.some((key) => ['RSA', 'EC', 'OKP'].includes(String(key?.kty)))) {
    return ok('keys', `${list.length} signing ${list.length === 1 ? 'key' : 'keys'} at ${url}`)
  }
  const why = 'failure' in asked ? asked.failure : `status ${asked.response.status}, no public keys`
  return problem('keys_missing', `${url}: ${why}`, 'Tokens must be signed by RS256, PS256, ES256 or EdDSA (not HS256).')
}

function pkce({ code_challenge_methods_supported: methods }: Metadata): Finding {
  if (Array.isArray(methods) && methods.includes('S256')) return ok('pkce', 'PKCE with S256')
  const fix = 'Many servers support it without saying so (Entra). MCP clients refuse a server that does not say it.'
  return warning('pkce_not_announced', 'the metadata does not name S256', fix)
}

function feature(metadata: Metadata, need: DoctorNeed, isNeeded: boolean): Finding {
  const missing = missingOf(metadata, need)
  if (missing === undefined) return ok(need, `${need} is there`)
  const id = `${need.replaceAll('-', '_')}_missing`
  // A server need not list its grants. The default of RFC 8414 §2 includes none of these, and is wrong for many
  // servers: nothing is known. Some list the others and leave out refreshes, which are no way to log in.
  const isUnlisted = metadata.grant_types_supported === undefined || need === 'refresh'
  if (isNeeded && need in GRANT && missing.startsWith('grant') && isUnlisted) {
    return warning(id, `${missing}, but the server may still accept it`, FIXES[need])
  }
  if (isNeeded) return problem(id, missing, FIXES[need])
  return { id, status: 'unknown', message: `${missing} (this app does not need it)` }
}

function missingOf(metadata: Metadata, need: DoctorNeed): string | undefined {
  switch (need) {
    case 'ciba':
      if (!isText(metadata.backchannel_authentication_endpoint))
        return 'there is no backchannel_authentication_endpoint'
      return grantMissing(metadata, GRANT.ciba)
    case 'dpop':
      return Array.isArray(metadata.dpop_signing_alg_values_supported) ? undefined : 'the metadata names no DPoP'
    case 'introspection':
      return isText(metadata.introspection_endpoint) ? undefined : 'there is no introspection_endpoint'
    case 'revocation':
      return isText(metadata.revocation_endpoint) ? undefined : 'there is no revocation_endpoint'
    default:
      return grantMissing(metadata, GRANT[need])
  }
}

function grantMissing({ grant_types_supported: grants }: Metadata, grant: string): string | undefined {
  return Array.isArray(grants) && grants.includes(grant) ? undefined : `grant ${grant} is not listed`
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
