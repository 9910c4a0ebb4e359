import { ask, isSecure } from './ask.ts'
import type { DoctorOptions } from './options.ts'
import { type Finding, ok, problem, unknown, warning } from './report.ts'

/** A server's metadata, unchecked. */
export type Metadata = Readonly<Record<string, unknown>>

export interface MetadataChecked {
  readonly findings: readonly Finding[]
  readonly metadata?: Metadata
}

const SKEW_TOLERATED = 30
const SKEW_NOTED = 5

/** Checks that the issuer can be reached, that it is the expected one, and that its clock agrees with ours. */
export async function checkMetadata({ issuer, timeoutMs = 10_000 }: DoctorOptions): Promise<MetadataChecked> {
  if (!isSecure(issuer)) {
    const fix = 'Use the https address. Plain http is for loopback only, with [allowInsecureLoopback]: true.'
    return { findings: [problem('issuer_insecure', `${issuer} is not https`, fix)] }
  }
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const before = Date.now()
  const asked = await ask(url, timeoutMs)
  const after = Date.now()
  if ('failure' in asked) {
    const fix = `Check the address, the network, a proxy (HTTPS_PROXY) and, for a sandbox, whether it runs: curl ${url}`
    return { findings: [problem('issuer_unreachable', `${url}: ${asked.failure}`, fix)] }
  }
  const { response, body } = asked
  if (response.status !== 200 || typeof body !== 'object' || body === null || Array.isArray(body)) {
    const what = response.status === 200 ? 'no JSON object' : `status ${response.status}`
    return { findings: [problem('metadata_missing', `${url}: ${what}`, whereToLook(response))] }
  }
  const metadata = body as Metadata
  return { metadata, findings: [issuerFinding(issuer, metadata), clockFinding(response, before, after)] }
}

function whereToLook({ status, headers }: Response): string {
  if (status >= 300 && status < 400) {
    return `It redirects to ${headers.get('location')}: use the issuer of the server there.`
  }
  if (status >= 500 || status === 429) return 'The server itself is in trouble: try again later, or look at its log.'
  return 'Is this the issuer, with its path (Okta: /oauth2/default, Keycloak: /realms/NAME, Entra: /TENANT/v2.0)?'
}

/** Returns whether the metadata is of this issuer, ignoring a slash at the end. */
export function isOfIssuer(issuer: string, metadata: Metadata): metadata is Metadata & { readonly issuer: string } {
  const { issuer: said } = metadata
  return typeof said === 'string' && said.replace(/\/$/, '') === issuer.replace(/\/$/, '')
}

function issuerFinding(issuer: string, metadata: Metadata): Finding {
  const { issuer: said } = metadata
  if (said === issuer) return ok('issuer', `${issuer} answers with this issuer`)
  const fix = isOfIssuer(issuer, metadata)
    ? `Write it exactly like that, ${metadata.issuer.endsWith('/') ? 'with' : 'without'} the slash at its end: issuers are compared as plain text.`
    : 'Use the address that the server calls itself, or correct what the server says (custom domain, proxy).'
  return problem('issuer_mismatch', `the server calls itself ${JSON.stringify(said)}, and not ${issuer}`, fix)
}

function clockFinding(response: Response, before: number, after: number): Finding {
  const date = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(date)) return unknown('clock', 'the response gives no time')
  // `Date` has whole seconds, and the answer was under way for some time.
  const early = before - (date + 1000)
  const late = date - after
  const seconds = Math.max(0, Math.round(Math.max(early, late) / 1000))
  const side = early > late ? 'ahead of' : 'behind'
  const message = `this machine is ${seconds} s ${side} the server`
  const fix = 'Set the time of this machine by NTP (timedatectl set-ntp true). Tokens tolerate 30 seconds.'
  if (seconds > SKEW_TOLERATED) return problem('clock_skew', message, fix)
  if (seconds > SKEW_NOTED) return warning('clock_skew', message, fix)
  return ok('clock', 'this machine and the server have the same time, within 5 s')
}
