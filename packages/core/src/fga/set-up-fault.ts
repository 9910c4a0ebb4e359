import { ConfigurationError } from '../errors/index.ts'

/** Codes with which OpenFGA says that its store has no such model. It says the same for a store that does not exist. */
const noModel: ReadonlySet<string> = new Set(['authorization_model_not_found', 'latest_authorization_model_not_found'])

/**
 * The server refused because of how it was reached, and not because of what was asked: nobody has less rights for it.
 *
 * @param told - The server's code and message, quoted, for the operator.
 * @returns `undefined` where the question itself was refused.
 */
export function setUpFault(status: number, code: string | undefined, told: string): ConfigurationError | undefined {
  const answered = `OpenFGA answered with status ${status}${told}`
  if (code !== undefined && noModel.has(code)) {
    const fix = 'check authorizationModelId, and that storeId is the store which has this model'
    return new ConfigurationError('openFga.authorizationModelId', `${answered}: ${fix}`)
  }
  switch (status) {
    case 401:
      return new ConfigurationError(
        'openFga.credentials',
        `${answered}: give the API token, or the client, of this server`,
      )
    case 403:
      return new ConfigurationError('openFga.credentials', `${answered}: give these credentials access to the store`)
    case 404:
      return new ConfigurationError(
        'openFga.storeId',
        `${answered}: check storeId, and that apiUrl is the server which has it`,
      )
    default:
      return undefined
  }
}
