import type { Entry } from './record.ts'

/** Records read at a time. */
const PAGE = 100

/** All records of an index, page by page, from after an id. */
export async function* eachEntry(
  read: (page: { readonly after?: string; readonly limit: number }) => Promise<readonly Entry[]>,
  after?: string,
): AsyncGenerator<Entry, void> {
  for (let last = after; ; ) {
    const page = await read({ limit: PAGE, ...(last !== undefined && { after: last }) })
    yield* page
    if (page.length < PAGE) return
    last = page.at(-1)?.record.id
  }
}
