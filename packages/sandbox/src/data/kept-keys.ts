import { randomBytes } from 'node:crypto'
import type { Shelf } from './shelf.ts'

/** Keys of a store: only this sandbox can read records that they seal. */
export interface StoreKeys {
  readonly seal: readonly [Uint8Array]
  readonly index: Uint8Array
}

const NAME = 'keys'

/** Returns the keys of an earlier run, or new ones. They are stored beside the data: a reader of the file has both. */
export function keptKeys(shelf: Shelf): StoreKeys {
  const kept = shelf.read(NAME) as readonly [string, string] | undefined
  const [seal, index] = kept ?? [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]
  if (kept === undefined) shelf.write(NAME, [seal, index])
  return { seal: [Buffer.from(seal, 'base64')], index: Buffer.from(index, 'base64') }
}
