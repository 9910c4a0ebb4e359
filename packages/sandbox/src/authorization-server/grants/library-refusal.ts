import { Refusal } from '@behalf/testing/authorization-server'
import { errors } from 'oidc-provider'

/** Calls a part that all servers share, and throws its refusal as an error of the library. */
export function translated<Result>(part: () => Result): Result {
  try {
    const result = part()
    return result instanceof Promise ? (result.catch(rethrow) as Result) : result
  } catch (error) {
    return rethrow(error)
  }
}

function rethrow(error: unknown): never {
  if (!(error instanceof Refusal)) throw error
  const { message, status } = error
  throw Object.assign(new errors.CustomOIDCProviderError(error.error, message), { status, statusCode: status })
}
