import { HttpResponse, http } from 'msw'
import { mockIssuer } from '../oauth/mock-issuer.ts'

/** What a provider does with one token request: answers, loses its answer, or is away. */
export type Behaviour = (form: URLSearchParams) => Response | undefined | Promise<Response | undefined>

export interface Provider {
  readonly issuer: string
  readonly handlers: Awaited<ReturnType<typeof mockIssuer>>['handlers']
  readonly metadata: Record<string, unknown>
  /** Every token request, in order. */
  readonly forms: URLSearchParams[]
  readonly revoked: string[]
  /** Of grants that were used up by a second use of a refresh token. */
  readonly reused: string[]
  readonly state: {
    rotates: boolean
    graceMs: number
    expiresIn: number | undefined
    scope: string | undefined
    account: string
  }
  /** Stands before the provider's own answer; `undefined` lets it answer. */
  before: Behaviour
  /** Stands after it: what is returned replaces the answer, which the provider holds for given. */
  after: (answer: Response) => Response | Promise<Response>
  /** What the person's browser brings back. */
  codeFor(url: string, change?: Record<string, string | undefined>): URLSearchParams
  reset(): void
}

/** A provider with refresh rotation, reuse detection and a grace period, on msw. */
export async function provider(issuer: string, now: () => number): Promise<Provider> {
  const mock = await mockIssuer(issuer, now)
  mock.metadata.authorization_endpoint = `${issuer}/authorize`
  mock.metadata.revocation_endpoint = `${issuer}/revoke`
  mock.metadata.authorization_response_iss_parameter_supported = true
  let count = 0
  const codes = new Map<string, { challenge: string; nonce: string; scope: string; account: string }>()
  /** By refresh token: whose grant it is, and when it was used and what for. */
  const tokens = new Map<string, { grant: string; scope: string; usedAt?: number; next?: object }>()
  const gone = new Set<string>()
  const initial = {
    rotates: true,
    graceMs: 0,
    expiresIn: 3600 as number | undefined,
    scope: undefined as string | undefined,
    account: 'a-1',
  }
  const self: Provider = {
    issuer,
    metadata: mock.metadata,
    forms: [],
    revoked: [],
    reused: [],
    state: { ...initial },
    before: () => undefined,
    after: (answer) => answer,
    codeFor(url, change = {}) {
      const asked = new URL(url).searchParams
      const code = `code-${++count}`
      codes.set(code, {
        challenge: asked.get('code_challenge') ?? '',
        nonce: asked.get('nonce') ?? '',
        scope: asked.get('scope') ?? '',
        account: self.state.account,
      })
      const answer = { code, state: asked.get('state') ?? '', iss: issuer, ...change }
      return new URLSearchParams(
        Object.entries(answer).filter((pair): pair is [string, string] => pair[1] !== undefined),
      )
    },
    reset() {
      Object.assign(self.state, initial)
      self.before = () => undefined
      self.after = (answer) => answer
      for (const list of [self.forms, self.revoked, self.reused]) list.length = 0
    },
    handlers: [
      ...mock.handlers,
      http.post(`${issuer}/token`, async ({ request }) => {
        const form = new URLSearchParams(await request.text())
        self.forms.push(form)
        const instead = await self.before(form)
        return (instead ?? (await self.after(await answer(form)))) as never
      }),
      http.post(`${issuer}/revoke`, async ({ request }) => {
        const form = new URLSearchParams(await request.text())
        self.revoked.push(form.get('token') ?? '')
        const found = tokens.get(form.get('token') ?? '')
        if (found) gone.add(found.grant)
        return new HttpResponse(null, { status: 200 })
      }),
    ],
  }
  const refuse = (error: string) => HttpResponse.json({ error }, { status: 400 })
  const issue = (grant: string, scope: string) => {
    const refreshToken = `refresh-${++count}`
    tokens.set(refreshToken, { grant, scope })
    const { expiresIn, scope: narrowed } = self.state
    return {
      access_token: `access-${count}`,
      token_type: 'Bearer',
      refresh_token: refreshToken,
      scope: narrowed ?? scope,
      ...(expiresIn !== undefined && { expires_in: expiresIn }),
    }
  }
  async function redeem(form: URLSearchParams): Promise<Response> {
    const code = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const verifier = new TextEncoder().encode(form.get('code_verifier') ?? '')
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', verifier)).toString('base64url')
    if (code === undefined || hash !== code.challenge) return refuse('invalid_grant')
    const idToken = await mock.sign(
      { sub: code.account, email: `${code.account}@upstream.example`, aud: 'behalf-app', nonce: code.nonce },
      { typ: 'JWT' },
    )
    return HttpResponse.json({ ...issue(`grant-${count}`, code.scope), id_token: idToken })
  }
  function refresh(token: string): Response {
    const found = tokens.get(token)
    const { rotates, graceMs } = self.state
    if (found === undefined || gone.has(found.grant)) return refuse('invalid_grant')
    if (found.usedAt !== undefined && rotates) {
      if (now() < found.usedAt + graceMs && found.next) return HttpResponse.json(found.next)
      self.reused.push(found.grant)
      gone.add(found.grant)
      return refuse('invalid_grant')
    }
    const next = issue(found.grant, found.scope)
    if (rotates) Object.assign(found, { usedAt: now(), next })
    const { refresh_token: _, ...same } = next
    return HttpResponse.json(rotates ? next : same)
  }
  const answer = async (form: URLSearchParams): Promise<Response> =>
    form.get('grant_type') === 'authorization_code' ? redeem(form) : refresh(form.get('refresh_token') ?? '')
  return self
}
