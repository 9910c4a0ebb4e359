import { type ClientAuth, ClientSecretPost, modifyAssertion, None, PrivateKeyJwt } from 'openid-client'
import type { ClientAuthentication } from './client-authentication.ts'

/** The part of a request that says who the client is. */
export function authenticateClient(authentication: ClientAuthentication): ClientAuth {
  switch (authentication.method) {
    case 'client_secret_basic':
      return (_server, client, _body, headers) => {
        headers.set('authorization', basicCredentials(client.client_id, authentication.clientSecret))
      }
    case 'client_secret_post':
      return ClientSecretPost(authentication.clientSecret)
    case 'private_key_jwt': {
      const { privateKey: key, algorithm, keyId } = authentication
      return PrivateKeyJwt(keyId === undefined ? key : { key, kid: keyId }, {
        [modifyAssertion]: (header) => {
          header.alg = algorithm
        },
      })
    }
    case 'none':
      return None()
    default:
      return authentication satisfies never
  }
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
