/**
 * File in which a device stores its login: one value, for its owner only. `@behalf/core/node` implements it with a
 * file.
 */
export interface LoginFile {
  /** Path to show to a person. */
  readonly path: string
  /**
   * Returns the stored value, or `undefined` if no value is stored.
   *
   * @throws ConfigurationError Others could read or write it.
   */
  read(): Promise<Uint8Array | undefined>
  /** Writes the value completely or not at all. */
  write(value: Uint8Array): Promise<void>
  /** Deletes the stored value, if there is one. */
  remove(): Promise<void>
  /** Runs `work` in one process at a time, for as long as a renewal takes. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Runs `work` in one process at a time, while it reads and changes the file; also from within `alone`. */
  briefly<T>(work: () => Promise<T>): Promise<T>
}
