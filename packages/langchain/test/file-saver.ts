import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemorySaver } from '@langchain/langgraph'

type Bytes = Readonly<Record<string, unknown>>

/**
 * LangGraph's own saver, over one file a thread: what it keeps, byte for byte, and nothing of its own.
 */
export class FileSaver extends MemorySaver {
  readonly #directory: string

  constructor(directory: string) {
    super()
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** Reads what an earlier process kept of the thread. */
  open(threadId: string): this {
    const file = this.#file(threadId)
    if (!existsSync(file)) return this
    const { storage, writes } = JSON.parse(readFileSync(file, 'utf8'), (_, value) =>
      typeof value === 'object' && value !== null && typeof value.utf8 === 'string'
        ? new TextEncoder().encode(value.utf8)
        : value,
    ) as { readonly storage: Bytes; readonly writes: Bytes }
    Object.assign(this.storage, storage)
    Object.assign(this.writes, writes)
    return this
  }

  override async put(...args: Parameters<MemorySaver['put']>): ReturnType<MemorySaver['put']> {
    const saved = await super.put(...args)
    this.#save(args[0].configurable?.thread_id)
    return saved
  }

  override async putWrites(...args: Parameters<MemorySaver['putWrites']>): ReturnType<MemorySaver['putWrites']> {
    await super.putWrites(...args)
    this.#save(args[0].configurable?.thread_id)
  }

  #save(threadId: string): void {
    const { storage, writes } = this
    const text = JSON.stringify({ storage, writes }, (_, value) =>
      value instanceof Uint8Array ? { utf8: new TextDecoder().decode(value) } : value,
    )
    writeFileSync(this.#file(threadId), text)
  }

  #file(threadId: string): string {
    return join(this.#directory, `${encodeURIComponent(threadId)}.json`)
  }
}
