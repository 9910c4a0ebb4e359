import { type Sandbox, startSandbox } from '../../src/index.ts'

/** A browser without scripts: follows a phone's link, reads, and answers. */
export async function openPhone(sandbox: Sandbox, subject: string) {
  const paired = await fetch(sandbox.phone.urlOf(subject), { redirect: 'manual' })
  const cookie = paired.headers.get('set-cookie')?.split(';')[0] ?? ''
  const url = `${sandbox.phone.origin}/phones/${subject}`
  const read = async () => (await fetch(url, { headers: { cookie } })).text()
  const field = (page: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
  return {
    cookie,
    url,
    read,
    async form(): Promise<{ readonly csrf: string; readonly question: string }> {
      const page = await read()
      return { csrf: field(page, 'csrf'), question: field(page, 'question') }
    },
    answer: (fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${url}/answers`, {
        method: 'POST',
        headers: { cookie, origin: sandbox.phone.origin, ...headers },
        body: new URLSearchParams(fields),
        redirect: 'manual',
      }),
  }
}

/** The agent asks a user. @returns the `auth_req_id` */
export async function askBy(
  sandbox: Sandbox,
  subject: string,
  message = 'Buy 50 shares of AAPL',
  details: unknown = [],
) {
  const { settings } = sandbox
  const response = await fetch(`${settings.issuer}/bc-authorize`, {
    method: 'POST',
    headers: { authorization: basic(settings.clientId, settings.clientSecret) },
    body: new URLSearchParams({
      scope: 'openid trade:write',
      login_hint: subject,
      binding_message: message,
      resource: settings.api.resource,
      ...(Array.isArray(details) && details.length > 0 && { authorization_details: JSON.stringify(details) }),
    }),
  })
  const body = (await response.json()) as { readonly auth_req_id?: string }
  if (body.auth_req_id === undefined) throw new TypeError(`no question was sent: ${JSON.stringify(body)}`)
  return body.auth_req_id
}

export async function redeem({ settings }: Sandbox, authReqId: string) {
  const response = await fetch(`${settings.issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(settings.clientId, settings.clientSecret) },
    body: new URLSearchParams({ grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: authReqId }),
  })
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.json() }
}

export function basic(clientId: string, clientSecret: string): string {
  return `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}`
}

/** Seven ports in a row that were free a moment ago. */
export async function freePort(): Promise<number> {
  for (let port = 20_000 + Math.floor(Math.random() * 12_000); ; port += 7) {
    const sandbox = await startSandbox({ port }).catch(() => undefined)
    await sandbox?.close()
    if (sandbox !== undefined) return port
  }
}
