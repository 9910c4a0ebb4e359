import type { Guard, UserIdentity } from '@behalf/core'
import type { WaitingCall } from '@behalf/core/interrupts'

/** Result of one request of a conversation. */
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
  /** Continues the waiting calls that have their answers. Returns the others again. */
  goOn(): Promise<Turn>
}

/** The user of a chat, and the place where the conversation is stored. */
export interface ChatOptions {
  readonly guard: Guard
  readonly identity: UserIdentity
  readonly threadId: string
  /** Portfolio that "my" means. */
  readonly portfolio: string
}

export type ChatMaker = (options: ChatOptions) => Chat
