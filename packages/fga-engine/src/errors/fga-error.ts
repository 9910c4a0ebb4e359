/** Name of an OpenFGA error, as in `code` of an error's body. */
export type FgaErrorCode =
  | 'auth_failed_invalid_bearer_token'
  | 'bearer_token_missing'
  | 'forbidden'
  | 'validation_error'
  | 'authorization_model_not_found'
  | 'authorization_model_resolution_too_complex'
  | 'invalid_write_input'
  | 'cannot_allow_duplicate_tuples_in_one_request'
  | 'invalid_continuation_token'
  | 'write_failed_due_to_invalid_input'
  | 'latest_authorization_model_not_found'
  | 'type_not_found'
  | 'relation_not_found'
  | 'invalid_tuple'
  | 'tuple_key_value_not_specified'
  | 'page_size_invalid'
  | 'type_invalid_pattern'
  | 'exceeded_entity_limit'
  | 'internal_error'
  | 'deadline_exceeded'
  | 'Aborted'
  | 'undefined_endpoint'
  | 'store_id_not_found'
  | 'unimplemented'

/** gRPC number and HTTP status of each code. */
const CODES = {
  auth_failed_invalid_bearer_token: [1005, 401],
  bearer_token_missing: [1010, 401],
  forbidden: [1600, 403],
  validation_error: [2000, 400],
  authorization_model_not_found: [2001, 400],
  authorization_model_resolution_too_complex: [2002, 400],
  invalid_write_input: [2003, 400],
  cannot_allow_duplicate_tuples_in_one_request: [2004, 400],
  invalid_continuation_token: [2007, 400],
  write_failed_due_to_invalid_input: [2017, 400],
  latest_authorization_model_not_found: [2020, 400],
  type_not_found: [2021, 400],
  relation_not_found: [2022, 400],
  invalid_tuple: [2027, 400],
  tuple_key_value_not_specified: [2037, 400],
  page_size_invalid: [2039, 400],
  type_invalid_pattern: [2047, 400],
  exceeded_entity_limit: [2053, 400],
  internal_error: [4000, 500],
  deadline_exceeded: [4004, 500],
  Aborted: [10, 409],
  undefined_endpoint: [5000, 404],
  store_id_not_found: [5002, 404],
  unimplemented: [5004, 404],
} as const satisfies Record<FgaErrorCode, readonly [number: number, status: number]>

/**
 * A request that OpenFGA refuses. `code`, `number` and `status` are the server's.
 *
 * Messages repeat names of the request (users, relations, objects, context parameters): log them as you log those.
 */
export class FgaError extends Error {
  /** Always `FgaError`. */
  override readonly name = 'FgaError'
  /** Reason why the request is refused, by OpenFGA's name for it. */
  readonly code: FgaErrorCode
  /** The number of the code: 2000 for `validation_error`. */
  readonly number: number
  /** HTTP status of the error. */
  readonly status: number

  constructor(code: FgaErrorCode, message: string) {
    super(message)
    this.code = code
    const [number, status] = CODES[code]
    this.number = number
    this.status = status
  }
}

/** Makes the refusal of most rules. Internal. */
export const invalid = (message: string): FgaError => new FgaError('validation_error', message)
