import type { Store, Versioned } from '../ports/index.ts'
import { isUnreadable } from './collection.ts'
import type { OnUnreadable } from './collection-options.ts'

/** Records read at a time. */
const PAGE = 100

export interface IndexWalk<Opened> {
  /** Begins the key of every record of this kind. */
  readonly prefix: string
  /** Only keys after this one. */
  readonly after?: string | undefined
  readonly open: (found: Versioned) => Promise<Opened>
  /** Computes the index names of a record from its sealed content. */
  readonly indexesOf: (opened: Opened) => Promise<readonly string[]>
  /** Absent: a record that does not open ends the walk with its error. */
  readonly onUnreadable?: OnUnreadable | undefined
}

/**
 * Yields the records under an index, in key order.
 *
 * An index row is not sealed: whoever writes to the database can point it at any record. So a record counts only if
 * its sealed content says that it belongs under this index. The others are skipped.
 *
 * @throws StoreError `unavailable`; and what a record does not open with, where nothing takes its key.
 */
export async function* walkIndex<Opened>(
  store: Store,
  index: string,
  walk: IndexWalk<Opened>,
): AsyncGenerator<Opened, void> {
  for await (const found of keysUnder(store, index, walk.after)) {
    const opened = found.key.startsWith(walk.prefix) ? await openUnder(index, found, walk) : undefined
    if (opened !== undefined) yield opened
  }
}

async function* keysUnder(store: Store, index: string, after: string | undefined): AsyncGenerator<Versioned, void> {
  for (let last = after; ; ) {
    const page = await store.list(index, { limit: PAGE, ...(last !== undefined && { after: last }) })
    yield* page
    if (page.length < PAGE) return
    last = page.at(-1)?.key
  }
}

async function openUnder<Opened>(
  index: string,
  found: Versioned,
  { open, indexesOf, onUnreadable }: IndexWalk<Opened>,
): Promise<Opened | undefined> {
  try {
    const opened = await open(found)
    return (await indexesOf(opened)).includes(index) ? opened : undefined
  } catch (error) {
    if (onUnreadable === undefined || !isUnreadable(error)) throw error
    onUnreadable(found.key)
    return undefined
  }
}
