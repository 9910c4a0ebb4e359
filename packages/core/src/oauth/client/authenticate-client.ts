import type { ClientAuth } from 'openid-client'
import type { OauthLibrary } from '../lazy-libraries.ts'
import type { ClientAuthentication } from './client-authentication-options.ts'

/** Returns the part of a request that authenticates the client at this endpoint. */
export function authenticateClient(
  authentication: ClientAuthentication,
  library: OauthLibrary,
  endpoint: unknown,
): ClientAuth {
  const { ClientSecretPost, None, PrivateKeyJwt, TlsClientAuth } = library
  switch (authentication.method) {
    case 'client_secret_basic':
      return (_server, client, _body, headers) => {
        headers.set('authorization', basicCredentials(client.client_id, authentication.clientSecret))
      }
    case 'client_secret_post':
      return ClientSecretPost(authentication.clientSecret)
    case 'private_key_jwt': {
      const { privateKey: key, algorithm, keyId, certificateThumbprint, audience } = authentication
      return PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
        [library.modifyAssertion]: (header, payload) => {
          header.alg = algorithm
          if (audience === 'endpoint' && typeof endpoint === 'string') payload.aud = endpoint
          // RFC 7515 §4.1.8: tells a server that stores certificates which key to use.
          if (certificateThumbprint !== undefined) header['x5t#S256'] = certificateThumbprint
        },
      })
    }
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return TlsClientAuth()
    case 'none':
      return None()
  }
}

/** Texts that prove the client in each of its requests, in every spelling that a server gets to see. */
export function clientSecrets(authentication: ClientAuthentication, clientId: string): readonly string[] {
  if (!('clientSecret' in authentication)) return []
  const { clientSecret } = authentication
  const [, credentials = ''] = basicCredentials(clientId, clientSecret).split(' ')
  return [clientSecret, formEncode(clientSecret), credentials]
}

/**
 * Form-encodes both halves, then base64 (RFC 6749 §2.3.1). The library's own encoder escapes `-`, `_`
 * and `.` too, which servers that decode nothing refuse.
 */
function basicCredentials(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)}`
}

function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}
