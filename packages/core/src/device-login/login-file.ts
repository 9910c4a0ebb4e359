/**
 * Where a device keeps its login: one value, for its owner only. `@behalf/core/node` has one over a file.
 */
export interface LoginFile {
  /** What a person may be told. */
  readonly path: string
  /**
   * Returns the stored value, or `undefined` if there is none.
   *
   * @throws ConfigurationError Others could read or write it.
   */
  read(): Promise<Uint8Array | undefined>
  /** As a whole or not at all. */
  write(value: Uint8Array): Promise<void>
  /** Deletes the stored value, if there is one. */
  remove(): Promise<void>
  /** One process at a time, for as long as a renewal takes. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** One process at a time, while it reads and changes the file; also from within `alone`. */
  briefly<T>(work: () => Promise<T>): Promise<T>
}
