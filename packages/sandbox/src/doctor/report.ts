/** Result of a check. `unknown`: the check was not possible, and nothing is known. */
export type CheckStatus = 'ok' | 'problem' | 'warning' | 'unknown'

/** Finding of a check. */
export interface Finding {
  /** Stable, for scripts and for the troubleshooting guide. */
  readonly id: string
  /** Result of the check. */
  readonly status: CheckStatus
  /** Description of the finding. */
  readonly message: string
  /** The fix. */
  readonly fix?: string
}

/** Result of {@link runDoctor}. */
export interface DoctorReport {
  /** The issuer that was checked, as the options have it. */
  readonly issuer: string
  /** Findings, in the order of the checks. */
  readonly findings: readonly Finding[]
  /** No problem was found. Warnings and checks that could not be made do not count. */
  readonly healthy: boolean
}

export const ok = (id: string, message: string): Finding => ({ id, status: 'ok', message })
export const problem = (id: string, message: string, fix: string): Finding => ({ id, status: 'problem', message, fix })
export const warning = (id: string, message: string, fix: string): Finding => ({ id, status: 'warning', message, fix })
export const unknown = (id: string, message: string, fix?: string): Finding => ({
  id,
  status: 'unknown',
  message,
  ...(fix !== undefined && { fix }),
})
