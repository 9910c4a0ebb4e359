import { base64url, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { TargetClient } from '../../target/index.ts'
import { form, type Raw, type RawParameters, send } from './raw.ts'
import type { Session } from './session.ts'

/** A key of a client, and proofs by it that no library would make. */
export interface Prover {
  readonly thumbprint: string
  /** @param changes - Claims to write instead. */
  proof(url: string, changes?: Readonly<Record<string, unknown>>): Promise<string>
}

export async function makeProver(): Promise<Prover> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk: JWK = await exportJWK(publicKey)
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    proof: (url, changes = {}) =>
      new SignJWT({ htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), jti: randomText(), ...changes })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
        .sign(privateKey),
  }
}

/** Sends a token request with a proof; asks for a nonce first, as RFC 9449 §8 defines. */
export async function proved(
  session: Session,
  prover: Prover,
  parameters: RawParameters,
  {
    client = session.agent,
    claims = {},
  }: { readonly client?: TargetClient; readonly claims?: Readonly<Record<string, unknown>> } = {},
): Promise<Raw> {
  const url = await session.endpoint('token_endpoint')
  const nonce = await nonceOf(session, prover)
  const iat = Math.floor(session.clock.now() / 1000)
  const proof = await prover.proof(url, { iat, nonce, ...claims })
  return send(url, form(parameters, client, { dpop: proof }))
}

/** Returns a nonce of this server, from a request without one. */
export async function nonceOf(session: Session, prover: Prover): Promise<string> {
  const url = await session.endpoint('token_endpoint')
  const proof = await prover.proof(url, { iat: Math.floor(session.clock.now() / 1000) })
  const { headers } = await send(url, form({ grant_type: 'client_credentials' }, session.agent, { dpop: proof }))
  return headers.get('dpop-nonce') ?? ''
}

function randomText(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(16)))
}
