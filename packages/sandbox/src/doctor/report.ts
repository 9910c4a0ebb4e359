/** How a check ended. `unknown`: it could not be made, and nothing is known. */
export type CheckStatus = 'ok' | 'problem' | 'warning' | 'unknown'

/** What a check found. */
export interface Finding {
  /** Stable, for scripts and for the troubleshooting guide. */
  readonly id: string
  /** How the check ended. */
  readonly status: CheckStatus
  /** What was found. */
  readonly message: string
  /** What to do. */
  readonly fix?: string
}

/** What {@link runDoctor} found. */
export interface DoctorReport {
  /** The issuer that was checked, as the options have it. */
  readonly issuer: string
  /** What was found, in the order of the checks. */
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
