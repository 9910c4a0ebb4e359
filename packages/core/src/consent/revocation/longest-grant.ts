import { ConfigurationError } from '../../base/errors/index.ts'

/** Maximum lifetime of a delegation or a session: a revocation is kept longer. 366 days, in seconds. */
export const MAX_GRANT_SECONDS = 366 * 24 * 3600

/** @throws ConfigurationError A grant would outlive the revocations that may end it. */
export function checkLifetime(option: string, seconds: number): void {
  if (seconds <= MAX_GRANT_SECONDS) return
  throw new ConfigurationError(
    option,
    `lasts ${Math.ceil(seconds)} seconds, and at most ${MAX_GRANT_SECONDS} (366 days) are possible: give an earlier end`,
  )
}
