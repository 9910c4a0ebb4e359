import * as client from 'openid-client'
import type { ProtocolTarget, TargetClient } from '../src/index.ts'

/** openid-client's own client authentication for a target's client. */
function authenticationOf({ authentication }: TargetClient): client.ClientAuth {
  switch (authentication.method) {
    case 'client_secret_basic':
      return client.ClientSecretBasic(authentication.clientSecret)
    case 'client_secret_post':
      return client.ClientSecretPost(authentication.clientSecret)
    case 'private_key_jwt': {
      const { privateKey, keyId } = authentication
      return client.PrivateKeyJwt(keyId === undefined ? privateKey : { key: privateKey, kid: keyId })
    }
    case 'none':
      return client.None()
    default:
      throw new TypeError(`no client of a target authenticates by ${authentication.method}`)
  }
}

/** Discovers an issuer as a real client does. */
export async function discover(
  issuer: string,
  targetClient: TargetClient,
  algorithm: 'oidc' | 'oauth2' = 'oidc',
): Promise<client.Configuration> {
  const { clientId } = targetClient
  const config = await client.discovery(new URL(issuer), clientId, {}, authenticationOf(targetClient), { algorithm })
  client.enableNonRepudiationChecks(config)
  return config
}

/** A whole login by authorization code, as a browser and an app do it together. */
export async function login(
  target: ProtocolTarget,
  options: {
    readonly subject: string
    readonly client?: TargetClient
    readonly scope?: string
    readonly audience?: string
    readonly parameters?: Readonly<Record<string, string>>
  },
): Promise<{
  readonly config: client.Configuration
  readonly tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>
}> {
  const who = options.client ?? target.clients.agent
  await target.authorizationServer.controls.signInAs(options.subject)
  const config = await discover(target.authorizationServer.issuer, who)
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: who.redirectUri as string,
    scope: options.scope ?? 'openid profile offline_access chat',
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    audience: options.audience ?? target.agentResource,
    ...options.parameters,
  })
  const callback = await follow(url)
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  })
  return { config, tokens }
}

/** What a browser does with the authorization URL: the redirect's target comes back. */
export async function follow(url: URL): Promise<URL> {
  const response = await fetch(url, { redirect: 'manual' })
  const location = response.headers.get('location')
  if (location === null) throw new Error(`no redirect but ${response.status} ${await response.text()}`)
  return new URL(location)
}
