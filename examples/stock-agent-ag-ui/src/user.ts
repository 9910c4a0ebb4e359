import { buildResumeArray, HttpAgent } from '@ag-ui/client'

/** Sends a request to the handler. */
export type Send = (request: Request) => Promise<Response>

/** A user of an AG-UI client, such as CopilotKit's runtime. */
export class User {
  readonly client: HttpAgent

  constructor(send: Send, accessToken: string, threadId: string) {
    this.client = new HttpAgent({
      url: 'https://agent.example/ag-ui',
      threadId,
      headers: { authorization: `Bearer ${accessToken}` },
      fetch: async (url, init) => send(new Request(url, init)),
    })
  }

  /** Returns what the client shows: the agent's last text, and the waiting calls. */
  shown() {
    const last = this.client.messages.at(-1)
    const said = last?.role === 'assistant' ? String(last.content) : ''
    return { said, waits: this.client.pendingInterrupts.map(({ message = '' }) => message) }
  }

  async ask(content: string) {
    this.client.addMessage({ id: crypto.randomUUID(), role: 'user', content })
    await this.client.runAgent()
    return this.shown()
  }

  /** Answers all that waits, as the button of a client does. */
  async answer(status: 'resolved' | 'cancelled', payload?: unknown) {
    const { pendingInterrupts } = this.client
    const responses = Object.fromEntries(pendingInterrupts.map(({ id }) => [id, { status, payload }]))
    await this.client.runAgent({ resume: buildResumeArray(pendingInterrupts, responses) })
    return this.shown()
  }
}
