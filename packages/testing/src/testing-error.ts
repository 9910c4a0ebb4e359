/**
 * A test used its mocks wrongly: an unknown option, user or endpoint, or no request to answer.
 *
 * Thrown at the wrong call, never sent over the mocked network. The message lists the valid values.
 */
export class TestingError extends Error {
  /** Always `TestingError`. */
  override readonly name = 'TestingError'
  /** Always `ERR_TESTING`. It is the same in other copies of this package. */
  readonly code = 'ERR_TESTING'
}

/** Throws on unknown keys: a misspelt option would otherwise change nothing, without an error. */
export function refuseUnknownKeys(where: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).filter((key) => !known.includes(key))
  if (unknown.length > 0) {
    throw new TestingError(`${where}: unknown ${unknown.join(', ')}; known are ${known.join(', ')}`)
  }
}
