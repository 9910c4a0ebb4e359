import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { MemorySaver } from '@langchain/langgraph'

/**
 * LangGraph's in-memory saver over one file, so that the demo needs no database. It stores LangGraph's own bytes. An
 * app uses `SqliteSaver` or `PostgresSaver` instead; nothing else changes.
 */
export class FileSaver extends MemorySaver {
  readonly #file: string

  constructor(file: string) {
    super()
    this.#file = file
    if (!existsSync(file)) return
    const { storage, writes } = JSON.parse(readFileSync(file, 'utf8'), (_, value) => bytesOf(value))
    Object.assign(this.storage, storage)
    Object.assign(this.writes, writes)
  }

  override async put(...args: Parameters<MemorySaver['put']>): ReturnType<MemorySaver['put']> {
    const saved = await super.put(...args)
    this.#save()
    return saved
  }

  override async putWrites(...args: Parameters<MemorySaver['putWrites']>): ReturnType<MemorySaver['putWrites']> {
    await super.putWrites(...args)
    this.#save()
  }

  #save(): void {
    const { storage, writes } = this
    const text = JSON.stringify({ storage, writes }, (_, value) =>
      value instanceof Uint8Array ? { utf8: new TextDecoder().decode(value) } : value,
    )
    writeFileSync(this.#file, text)
  }
}

function bytesOf(value: unknown): unknown {
  const isBytes = typeof value === 'object' && value !== null && 'utf8' in value && typeof value.utf8 === 'string'
  return isBytes ? new TextEncoder().encode(value.utf8 as string) : value
}
