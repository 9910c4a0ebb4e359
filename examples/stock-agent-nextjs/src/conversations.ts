import type { DatabaseSync } from 'node:sqlite'
import type { UIMessage } from 'ai'

/** A stored conversation. The app ignores a browser's version of it. */
export interface Conversation {
  readonly id: string
  /** Increases with each change: a tab sees that another one continued the conversation. */
  readonly version: number
  readonly messages: readonly UIMessage[]
  /** True after an adoption at a login, until the user clicks or writes in it. */
  readonly isAdopted: boolean
}

export interface ConversationName {
  readonly id: string
  readonly title: string
}

/** Conversations, each of one owner. Another owner's and a missing one look the same. */
export interface Conversations {
  read(owner: string, id: string): Conversation | undefined
  /** Returns whether any owner has a conversation of this id. */
  isTaken(id: string): boolean
  /**
   * Saves a conversation; an adopted one then belongs to its user.
   * @throws Error The conversation belongs to another owner, who adopted it.
   */
  save(owner: string, id: string, messages: readonly UIMessage[]): void
  list(owner: string): readonly ConversationName[]
  /**
   * Gives one conversation of a visitor to the user who logged in. Afterwards, it continues only by the user's action.
   */
  adopt(id: string, owners: { readonly from: string; readonly to: string }): void
}

const LISTED = 20

export function conversationsIn(database: DatabaseSync): Conversations {
  const read = database.prepare('SELECT version, messages, adopted FROM conversations WHERE id = ? AND owner = ?')
  const taken = database.prepare('SELECT 1 FROM conversations WHERE id = ?')
  const save = database.prepare(`
    INSERT INTO conversations (id, owner, title, messages, version, updated_at) VALUES (?, ?, ?, ?, 1, ?)
    ON CONFLICT (id) DO UPDATE SET messages = excluded.messages, version = version + 1,
      updated_at = excluded.updated_at, adopted = 0
    WHERE owner = excluded.owner`)
  const list = database.prepare('SELECT id, title FROM conversations WHERE owner = ? ORDER BY updated_at DESC LIMIT ?')
  const adopt = database.prepare(
    'UPDATE conversations SET owner = ?, adopted = 1, version = version + 1 WHERE id = ? AND owner = ?',
  )
  return {
    read(owner, id) {
      const row = read.get(id, owner)
      if (row === undefined) return undefined
      const messages = JSON.parse(String(row.messages)) as UIMessage[]
      return { id, version: Number(row.version), messages, isAdopted: Number(row.adopted) === 1 }
    },
    isTaken: (id) => taken.get(id) !== undefined,
    save(owner, id, messages) {
      const { changes } = save.run(id, owner, titleOf(messages), JSON.stringify(messages), Date.now())
      if (Number(changes) === 0) throw new Error('the conversation has another owner: its turn is not kept')
    },
    list: (owner) => list.all(owner, LISTED).map(({ id, title }) => ({ id: String(id), title: String(title) })),
    adopt: (id, { from, to }) => void adopt.run(to, id, from),
  }
}

function titleOf(messages: readonly UIMessage[]): string {
  const [first] = messages.flatMap(({ role, parts }) => (role === 'user' ? parts : []))
  return first?.type === 'text' ? first.text.slice(0, 80) : 'Conversation'
}
