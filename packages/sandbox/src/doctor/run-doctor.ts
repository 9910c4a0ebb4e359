import { checkClient } from './check-client.ts'
import { checkFeatures } from './check-features.ts'
import { checkMetadata } from './check-metadata.ts'
import { hideSecret } from './hide-secret.ts'
import { checkDoctorOptions, type DoctorOptions } from './options.ts'
import type { DoctorReport } from './report.ts'

/**
 * Checks an app's settings against an issuer, a sandbox or a real tenant, and says what is missing and how to fix it.
 *
 * Asks no person and gets no token: it tests a client by requests that the server refuses after it authenticated the
 * client. It performs no login, so it does not check claims, roles or the audience of a token.
 *
 * @throws TestingError An option is unknown or wrong. Mistakes of the issuer are findings.
 * @example
 * ```ts
 * import { runDoctor } from '@behalf/sandbox'
 *
 * const { healthy, findings } = await runDoctor({ issuer: 'https://tenant.eu.auth0.com/', needs: ['ciba'] })
 * for (const { status, message, fix } of findings) console.log(status, message, fix ?? '')
 * if (!healthy) process.exitCode = 1
 * ```
 */
export async function runDoctor(options: DoctorOptions): Promise<DoctorReport> {
  checkDoctorOptions(options)
  // Copied, because a caller may reuse the same object for its next issuer, and each issuer has its own secret.
  const own = structuredClone(options)
  const { metadata, findings } = await checkMetadata(own)
  const all =
    metadata === undefined
      ? findings
      : [...findings, ...(await checkFeatures(metadata, own)), ...(await checkClient(metadata, own))]
  const shown = all.map((finding) => hideSecret(finding, own))
  return { issuer: own.issuer, findings: shown, healthy: !shown.some(({ status }) => status === 'problem') }
}
