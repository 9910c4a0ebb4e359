import { AsyncLocalStorage } from 'node:async_hooks'
import { ConfigurationError } from '@behalf/core'

/** One attempt of a piece of work. */
interface Attempt {
  asked: boolean
  /** For each call of a tool: the tool's name, once the server did not refuse the call. */
  readonly calls: Promise<string | undefined>[]
}

/**
 * Pages that pieces of work ask for while `withSignIn` waits for the browser. They are shown after the work threw, one at a
 * time: a page that is shown within the work would open for each of several calls.
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

  /** A request goes out. */
  sent(body: unknown, response: Promise<Response>): void {
    const tool = this.isAttended ? calledTool(body) : undefined
    if (tool === undefined) return
    // Without an answer, the tool may have run.
    const taken = response.then(
      ({ status }) => (status === 401 || status === 403 ? undefined : tool),
      () => tool,
    )
    for (const attempt of this.#concerned()) attempt.calls.push(taken)
  }

  /** All of them, if a client made the request in a context of its own. */
  #concerned(): Iterable<Attempt> {
    const own = this.#attempt.getStore()
    return own === undefined ? this.#attempts : [own]
  }

  /** Does `work`, and again after each page that it asked for, `most` times. `end` shows a page until it is done with. */
  async run<Result>(work: () => Promise<Result>, most: number, end: (page: Page) => Promise<void>): Promise<Result> {
    this.#works++
    try {
      for (let signIns = 0; ; signIns++) {
        const attempt: Attempt = { asked: false, calls: [] }
        this.#attempts.add(attempt)
        try {
          return await this.#attempt.run(attempt, work)
        } catch (error) {
          // Work that failed beside another's sign-in may have written something, and is not done again.
          if (!attempt.asked || signIns === most) throw error
          await refuseRepeat(attempt, error)
        } finally {
          this.#attempts.delete(attempt)
        }
        await this.#endOne(end)
      }
    } finally {
      // No work waits for a page by then.
      if (--this.#works === 0) this.#waiting.length = 0
    }
  }

  /** One page for all that wait: the others' work asks again, with the tokens that it gave. */
  #endOne(end: (page: Page) => Promise<void>): Promise<void> {
    const ended = this.#turn.then(async () => {
      const [page] = this.#waiting.splice(0)
      if (page !== undefined) await end(page)
    })
    this.#turn = ended.catch(() => {})
    return ended
  }
}

/** A tool that the work called would run twice. @throws ConfigurationError */
async function refuseRepeat({ calls }: Attempt, cause: unknown): Promise<void> {
  const tool = (await Promise.all(calls)).find((called) => called !== undefined)
  if (tool === undefined) return
  const called = `called ${JSON.stringify(tool)}, and then needed a sign-in, after which it would call that tool again`
  const remedy = 'make one call in each withSignIn, or give client.scopes and client.scopesUpFront'
  throw new ConfigurationError('withSignIn.work', `${called}: ${remedy}`, { cause })
}

/** The tool that a request of the MCP SDKs calls. */
function calledTool(body: unknown): string | undefined {
  if (typeof body !== 'string' || !body.includes('"tools/call"')) return undefined
  const { method, params } = JSON.parse(body) as { readonly method?: string; readonly params?: { name?: string } }
  return method === 'tools/call' ? params?.name : undefined
}
