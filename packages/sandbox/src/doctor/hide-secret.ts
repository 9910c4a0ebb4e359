import type { DoctorOptions } from './options.ts'
import type { Finding } from './report.ts'

/** Takes the secret out of what a server repeated, in each way in which it was sent or is quoted. */
export function hideSecret(finding: Finding, { clientId = '', clientSecret: secret }: DoctorOptions): Finding {
  if (secret === undefined || secret === '') return finding
  const encoded = [formEncoded(secret), encodeURIComponent(secret)]
  const sent = [secret, ...encoded, btoa(`${formEncoded(clientId)}:${formEncoded(secret)}`)]
  // In a description it stands once more in quotes; where the description is itself JSON, twice.
  const shown = sent.flatMap((text) => [text, quoted(text), quoted(quoted(text))])
  const forms = [...new Set(shown)].sort((one, other) => other.length - one.length)
  const hide = (text: string) => forms.reduce((rest, form) => rest.replaceAll(form, '[secret]'), text)
  const { message, fix } = finding
  return { ...finding, message: hide(message), ...(fix !== undefined && { fix: hide(fix) }) }
}

/** RFC 6749 §2.3.1, appendix B. */
export const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)

const quoted = (text: string): string => JSON.stringify(text).slice(1, -1)
