import type { AdapterPayload } from 'oidc-provider'

/** Storage of one server for values that outlive its process. */
export interface ServerStorage {
  records(): Iterable<readonly [model: string, id: string, payload: AdapterPayload]>
  put(model: string, id: string, payload: AdapterPayload): void
  remove(model: string, id: string): void
  /** Removes the records; keeps the value of `write`. */
  clear(): void
  read(name: string): unknown
  write(name: string, value: unknown): void
}
