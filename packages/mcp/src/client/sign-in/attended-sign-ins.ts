import { AsyncLocalStorage } from 'node:async_hooks'
import { ConfigurationError } from '@behalf/core'

/** One attempt of the work. */
interface Attempt {
  asked: boolean
  /** One entry for each tool call: the tool's name, or `undefined` if the server refused the call. */
  readonly calls: Promise<string | undefined>[]
}

/**
 * Pages that work asks for while `withSignIn` waits for the browser. They are shown one at a time, after the work
 * threw. A page that is shown during the work would open once for each of several calls.
 */
export class AttendedSignIns<Page> {
  readonly #waiting: Page[] = []
  readonly #attempt = new AsyncLocalStorage<Attempt>()
  readonly #attempts = new Set<Attempt>()
  #works = 0
  #turn: Promise<unknown> = Promise.resolve()

  get isAttended(): boolean {
    return this.#works > 0
  }

  add(page: Page): void {
    for (const attempt of this.#concerned()) attempt.asked = true
    this.#waiting.push(page)
  }

  /** Records that a request is sent. */
  sent(body: unknown, response: Promise<Response>): void {
    const tool = this.isAttended ? calledTool(body) : undefined
    if (tool === undefined) return
    // The call had no answer, so the tool may have run.
    const taken = response.then(
      ({ status }) => (status === 401 || status === 403 ? undefined : tool),
      () => tool,
    )
    for (const attempt of this.#concerned()) attempt.calls.push(taken)
  }

  /**
   * Returns the attempts that made this request. If a client made it in an async context of its own, returns all of
   * them.
   */
  #concerned(): Iterable<Attempt> {
    const own = this.#attempt.getStore()
    return own === undefined ? this.#attempts : [own]
  }

  /**
   * Runs `work`, and runs it again after each page that it asked for, at most `most` times. `end` shows a page and
   * waits until it is finished.
   */
  async run<Result>(work: () => Promise<Result>, most: number, end: (page: Page) => Promise<void>): Promise<Result> {
    this.#works++
    try {
      for (let signIns = 0; ; signIns++) {
        const attempt: Attempt = { asked: false, calls: [] }
        this.#attempts.add(attempt)
        try {
          return await this.#attempt.run(attempt, work)
        } catch (error) {
          // If the work did not ask for a sign-in itself, it may have written something. It is not repeated.
          if (!attempt.asked || signIns === most) throw error
          await refuseRepeat(attempt, error)
        } finally {
          this.#attempts.delete(attempt)
        }
        await this.#endOne(end)
      }
    } finally {
      // No other work waits for a page now.
      if (--this.#works === 0) this.#waiting.length = 0
    }
  }

  /** Shows one page for all work that waits. The other work then tries again with the new tokens. */
  #endOne(end: (page: Page) => Promise<void>): Promise<void> {
    const ended = this.#turn.then(async () => {
      const [page] = this.#waiting.splice(0)
      if (page !== undefined) await end(page)
    })
    this.#turn = ended.catch(() => {})
    return ended
  }
}

/** Refuses to repeat work that called a tool: that tool would run twice. @throws ConfigurationError */
async function refuseRepeat({ calls }: Attempt, cause: unknown): Promise<void> {
  const tool = (await Promise.all(calls)).find((called) => called !== undefined)
  if (tool === undefined) return
  const called = `called ${JSON.stringify(tool)}, and then needed a sign-in, after which it would call that tool again`
  const remedy = 'make one call in each withSignIn, or give client.scopes and client.scopesUpFront'
  throw new ConfigurationError('withSignIn.work', `${called}: ${remedy}`, { cause })
}

/** Returns the name of the tool that a request of the MCP SDKs calls. */
function calledTool(body: unknown): string | undefined {
  if (typeof body !== 'string' || !body.includes('"tools/call"')) return undefined
  const { method, params } = JSON.parse(body) as { readonly method?: string; readonly params?: { name?: string } }
  return method === 'tools/call' ? params?.name : undefined
}
