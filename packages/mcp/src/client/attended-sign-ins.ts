import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Pages that pieces of work ask for while `withSignIn` waits for the browser. They are shown after the work threw, one at a
 * time: a page that is shown within the work would open for each of several calls.
 */
export class AttendedSignIns<Page> {
  readonly #waiting: Page[] = []
  readonly #work = new AsyncLocalStorage<{ asked: boolean }>()
  #works = 0
  /** Pages that were asked for outside of the works' contexts: a client made the request in one of its own. */
  #ofUnknown = 0
  #turn: Promise<unknown> = Promise.resolve()

  get isAttended(): boolean {
    return this.#works > 0
  }

  add(page: Page): void {
    const work = this.#work.getStore()
    if (work === undefined) this.#ofUnknown++
    else work.asked = true
    this.#waiting.push(page)
  }

  /** Does `work`, and again after each page that it asked for, `most` times. `end` shows a page until it is done with. */
  async run<Result>(work: () => Promise<Result>, most: number, end: (page: Page) => Promise<void>): Promise<Result> {
    this.#works++
    try {
      for (let signIns = 0; ; signIns++) {
        const before = this.#ofUnknown
        const own = { asked: false }
        try {
          return await this.#work.run(own, work)
        } catch (error) {
          // Work that failed beside another's sign-in may have written something, and is not done again.
          const isAsked = own.asked || this.#ofUnknown > before
          if (!isAsked || signIns === most) throw error
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
