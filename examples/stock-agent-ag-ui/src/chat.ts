import type { Guard, UserIdentity } from '@behalf/core'
import type { WaitingCall } from '@behalf/core/interrupts'

/** What one request of a conversation came to. */
export interface Turn {
  readonly text: string
  /** Calls that wait for a person. */
  readonly pending: readonly WaitingCall[]
}

/** One conversation of one user, on any framework. */
export interface Chat {
  /** Calls that wait, from the server's own storage. */
  pending(): readonly WaitingCall[]
  ask(prompt: string): Promise<Turn>
  /** Goes on where the waiting calls have their answers, and otherwise returns them again. */
  goOn(): Promise<Turn>
}

/** Who chats, and where the conversation is stored. */
export interface ChatOptions {
  readonly guard: Guard
  readonly identity: UserIdentity
  readonly threadId: string
  /** Portfolio that "my" means. */
  readonly portfolio: string
}

export type ChatMaker = (options: ChatOptions) => Chat
