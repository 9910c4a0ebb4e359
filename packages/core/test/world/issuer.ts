import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { type Handler, json, type Received } from './network.ts'

export const ISSUER = 'https://issuer.example'
export const API = 'https://api.example'
/** Another API, whose scopes have the same names. */
export const LEDGER = 'https://ledger.example'
/** The audience of the app itself. */
export const APP = 'https://app.example'

/** What a person approved. */
export interface Detail {
  readonly type: string
  readonly amount: number
}

/** A person, as tokens name them: `ann@blue` is another one than `ann`, in the tenant `blue`. */
export function principalOf(person: string): { readonly subject: string; readonly tenant?: string } {
  const [subject = '', tenant] = person.split('@')
  return { subject, ...(tenant !== undefined && { tenant }) }
}

/** The name of a person. */
export const personOf = ({ subject, tenant }: { readonly subject: string; readonly tenant?: string | undefined }) =>
  tenant === undefined ? subject : `${subject}@${tenant}`

/** What a token says, as the issuer knows it. */
export interface Issued {
  readonly subject: string
  readonly client: string
  readonly audience: string
  readonly scopes: readonly string[]
  readonly actor?: string | undefined
  readonly session?: string | undefined
  /** `authorization_details`: what was approved. */
  readonly details?: readonly Detail[] | undefined
  /** Epoch seconds. */
  readonly issuedAt: number
  readonly authTime?: number | undefined
}

/** The part of the server that asks people (CIBA). */
export interface AsksPeople {
  authorize(request: Received): Response
  poll(form: URLSearchParams): Response
}

/** What is wrong with the next exchange; `no device`: with the next question on a phone. */
export const issuerFaults = [
  ...(['wrong user', 'wrong tenant', 'more scopes', 'other audience', 'other details', 'no iat'] as const),
  ...(['html', 'no scope', 'expires nonsense', 'no device'] as const),
] as const
export type IssuerFault = (typeof issuerFaults)[number]

const LIFETIME = 3 * 3600
/** What the server says of the tokens of a login that an app keeps: it renews them often. Seconds. */
const KEPT_LIFETIME = 300
const CIBA = 'urn:openid:params:grant-type:ciba'
const CLAIM = 'urn:openid:params:jwt:claim:'

/** A refresh token: whose login it renews, and whether it can. */
interface Renewal {
  readonly facts: Omit<Issued, 'issuedAt'>
  isGone: boolean
}

/** What hears of the server's tokens. */
export interface TokenObserver {
  issued(token: string): void
  used(refreshToken: string): void
  /** It answered wrongly. */
  erred(fault: string): void
}

/** The authorization server: it issues what it is told to, and remembers each token. */
export class Issuer {
  readonly #now: () => number
  readonly #observer: TokenObserver
  readonly #renewals = new Map<string, Renewal>()
  #key = keyOf(1)
  #number = 0
  readonly #issued = new Map<string, Issued>()
  /** Wrong answers to come, in order. */
  readonly faults: IssuerFault[] = []
  /** Where it asks people. */
  phones: AsksPeople | undefined
  /** How far its clock is ahead, in seconds. */
  skewSeconds = 0

  /** @param now - Epoch milliseconds. */
  constructor(now: () => number, observer: TokenObserver) {
    this.#now = now
    this.#observer = observer
  }

  now(): number {
    return Math.floor(this.trueNow()) + this.skewSeconds
  }

  /** Epoch seconds, whatever its clock says. */
  trueNow(): number {
    return this.#now() / 1000
  }

  /** Whether the next question finds no phone. */
  takeNoDevice(): boolean {
    const at = this.faults.indexOf('no device')
    if (at < 0) return false
    this.faults.splice(at, 1)
    this.#observer.erred('issuer no device')
    return true
  }

  /** What a token stands for; `undefined` where this server did not issue it. */
  whatIs(token: string): Issued | undefined {
    return this.#issued.get(token)
  }

  idToken(subject: string, request: string, authTime: number | undefined): string {
    const iat = this.now()
    const claims = { iss: ISSUER, sub: subject, aud: 'agent', iat, exp: iat + 300, [`${CLAIM}auth_req_id`]: request }
    return this.#sign({ typ: 'JWT' }, { ...claims, ...(authTime !== undefined && { auth_time: authTime }) })
  }

  rotateKeys(): void {
    this.#key = keyOf(this.#key.number + 1)
  }

  /** @param saysWhen - Whether the token says when it was issued. */
  issue(facts: Omit<Issued, 'issuedAt'>, saysWhen = true): string {
    const issuedAt = this.now()
    const number = ++this.#number
    const { subject, tenant } = principalOf(facts.subject)
    const payload = {
      iss: ISSUER,
      sub: subject,
      ...(tenant !== undefined && { tenant }),
      aud: facts.audience,
      client_id: facts.client,
      scope: facts.scopes.join(' '),
      ...(saysWhen && { iat: issuedAt }),
      exp: issuedAt + LIFETIME,
      jti: `token-${number}`,
      ...(facts.session !== undefined && { sid: facts.session }),
      ...(facts.authTime !== undefined && { auth_time: facts.authTime }),
      ...(facts.details !== undefined && { authorization_details: facts.details }),
      ...(facts.actor !== undefined && { act: { sub: facts.actor } }),
    }
    const token = this.#sign({ typ: 'at+jwt' }, payload)
    this.#issued.set(token, { ...facts, issuedAt })
    this.#observer.issued(token)
    return token
  }

  /** What the token endpoint answers to a login, or to its renewal. */
  loginResponse(token: string, facts: Omit<Issued, 'issuedAt'>): { readonly refresh_token: string } {
    const refreshToken = `refresh-token-${++this.#number}`
    this.#renewals.set(refreshToken, { facts, isGone: false })
    this.#observer.issued(refreshToken)
    const given = { access_token: token, token_type: 'Bearer', expires_in: KEPT_LIFETIME }
    return { ...given, refresh_token: refreshToken }
  }

  readonly handle: Handler = (request) => {
    switch (request.url.pathname) {
      case '/.well-known/openid-configuration':
        return json(200, metadata)
      case '/jwks':
        return json(200, { keys: [this.#key.public] })
      case '/token':
        return this.#token(request)
      case '/backchannel':
        return this.phones?.authorize(request) ?? json(404, {})
      case '/revoke': {
        const renewal = this.#renewals.get(new URLSearchParams(request.body).get('token') ?? '')
        if (renewal !== undefined) renewal.isGone = true
        return new Response(null, { status: 200 })
      }
      default:
        return json(404, {})
    }
  }

  #token({ body }: Received): Response {
    const form = new URLSearchParams(body)
    if (form.get('grant_type') === CIBA) return this.phones?.poll(form) ?? json(400, { error: 'invalid_grant' })
    if (form.get('grant_type') === 'refresh_token') return this.#renew(form.get('refresh_token') ?? '')
    const subject = this.whatIs(form.get('subject_token') ?? '')
    if (subject === undefined) return json(400, { error: 'invalid_request' })
    const fault = this.#takeFault()
    if (fault === 'html') return new Response('<h1>Bad gateway</h1>', { status: 200 })
    const asked = (form.get('scope') ?? '').split(' ')
    const scopes = fault === 'more scopes' ? [...asked, 'admin:all'] : asked
    const details = detailsOf(form, fault)
    const token = this.issue(
      {
        subject: wronged(subject.subject, fault),
        client: 'agent',
        audience: fault === 'other audience' ? 'https://other.example' : (form.get('resource') ?? ''),
        scopes,
        session: subject.session,
        ...details,
        actor: subject.actor,
      },
      fault !== 'no iat',
    )
    return json(200, {
      access_token: token,
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: fault === 'expires nonsense' ? 'soon' : LIFETIME,
      ...(fault !== 'no scope' && { scope: asked.join(' ') }),
      ...(details !== undefined && { authorization_details: details.details }),
    })
  }

  /** Each refresh token once: a second use of one looks like theft, and ends the login. */
  #renew(refreshToken: string): Response {
    const renewal = this.#renewals.get(refreshToken)
    if (renewal === undefined) return json(400, { error: 'invalid_grant' })
    this.#observer.used(refreshToken)
    if (renewal.isGone) return json(400, { error: 'invalid_grant' })
    renewal.isGone = true
    const fault = this.#takeFault()
    if (fault === 'html') return new Response('<h1>Bad gateway</h1>', { status: 200 })
    const facts = { ...renewal.facts, subject: wronged(renewal.facts.subject, fault) }
    return json(200, this.loginResponse(this.issue(facts, fault !== 'no iat'), facts))
  }

  #takeFault(): IssuerFault | undefined {
    const at = this.faults.findIndex((fault) => fault !== 'no device')
    const [fault] = at < 0 ? [] : this.faults.splice(at, 1)
    if (fault !== undefined) this.#observer.erred(`issuer ${fault}`)
    return fault
  }

  #sign(header: object, payload: object): string {
    const { number, secret } = this.#key
    const parts = [{ alg: 'EdDSA', kid: `key-${number}`, ...header }, payload]
    const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    return `${signed}.${sign(null, Buffer.from(signed), secret).toString('base64url')}`
  }
}

function detailsOf(form: URLSearchParams, fault: IssuerFault | undefined): Pick<Issued, 'details'> | undefined {
  const asked = form.get('authorization_details')
  if (asked === null) return undefined
  const more = fault === 'other details' ? 10 : 1
  return {
    details: (JSON.parse(asked) as readonly Detail[]).map((each) => ({ ...each, amount: each.amount * more })),
  }
}

const wronged = (person: string, fault: IssuerFault | undefined): string =>
  fault === 'wrong user' ? 'mallory' : fault === 'wrong tenant' ? `${principalOf(person).subject}@green` : person

const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  backchannel_authentication_endpoint: `${ISSUER}/backchannel`,
  backchannel_token_delivery_modes_supported: ['poll'],
  grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange', CIBA],
  revocation_endpoint: `${ISSUER}/revoke`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['EdDSA'],
  token_endpoint_auth_methods_supported: ['client_secret_basic'],
}

interface SigningKey {
  readonly number: number
  readonly secret: KeyObject
  readonly public: object
}

const keys = new Map<number, SigningKey>()

/** An Ed25519 key, made of its number alone (RFC 8410 §7): each run of the world has the same ones. */
function keyOf(number: number): SigningKey {
  const known = keys.get(number)
  if (known !== undefined) return known
  const seed = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, number)])
  const secret = createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' })
  const jwk = createPublicKey(secret).export({ format: 'jwk' })
  const made = { number, secret, public: { ...jwk, kid: `key-${number}`, alg: 'EdDSA', use: 'sig' } }
  keys.set(number, made)
  return made
}
