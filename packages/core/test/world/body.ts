import type { Call } from '../../src/index.ts'
import type { AppProcess } from './app-process.ts'
import type { BodyPlan } from './commands.ts'
import type { World } from './world.ts'

/** How long a body takes that may outlive its caller. Milliseconds. */
const LONG_MS = 8_000

/** The call whose body runs. */
export interface BodyOf {
  readonly world: World
  readonly process: AppProcess
  readonly number: number
  readonly plan: BodyPlan
  /** Where its requests go. */
  readonly api: string
  /** Makes a guarded write of the same person, inside of this body. */
  readonly writeInside: (plan: BodyPlan) => Promise<void>
}

interface Access {
  /** Like `fetch`, and throws where the API surely did nothing. Absent in a core that does not have it yet. */
  readonly send?: (input: string, init: RequestInit) => Promise<Response>
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  readonly withToken: (use: (token: string) => string) => Promise<string>
}

/** The body of every tool: it does what its plan says, and tells the model what an observer would see. */
export function bodyOf(of: BodyOf): (input: unknown, call: Call) => unknown {
  const { world, number, plan } = of
  return (input, call) => {
    const streams = plan === 'streams' || plan === 'is given up'
    const begun = { input: JSON.stringify(input), key: call.idempotencyKey, ...(streams && { streams }) }
    world.tell({ kind: 'began', call: number, ...begun })
    const work = new Work(of, (call.access as { api?: Access }).api)
    return streams ? work.stream() : work.run()
  }
}

class Work {
  readonly #of: BodyOf
  readonly #access: Access | undefined

  constructor(of: BodyOf, access: Access | undefined) {
    this.#of = of
    this.#access = access
  }

  async run(): Promise<unknown> {
    const { world, number, plan, process } = this.#of
    try {
      const result = await this.#result()
      const isOnceOnly = result instanceof Date
      const given = { result: JSON.stringify(result), ...(isOnceOnly && { isOnceOnly }) }
      world.tell({ kind: 'body ended', call: number, how: 'returned', ...given })
      return result
    } catch (error) {
      const says = error instanceof process.sdk.HadNoEffect
      const how =
        plan === 'says no effect' && says ? 'said no effect' : this.#wasRefused(says) ? 'was refused' : 'threw'
      world.tell({ kind: 'body ended', call: number, how })
      throw error
    }
  }

  #wasRefused(says: boolean): boolean {
    return says && this.#of.plan === 'is refused by send'
  }

  /** Its reader may leave after the first piece. */
  async *stream(): AsyncGenerator<string, unknown> {
    const { world, number } = this.#of
    let how: 'returned' | 'threw' = 'threw'
    const result = { streamed: number }
    try {
      await this.#send('POST')
      yield 'a piece'
      yield 'another piece'
      how = 'returned'
      return result
    } finally {
      world.tell({
        kind: 'body ended',
        call: number,
        how,
        ...(how === 'returned' && { result: JSON.stringify(result) }),
      })
    }
  }

  async #result(): Promise<unknown> {
    const { plan, number, process, world } = this.#of
    switch (plan) {
      case 'throws before':
        throw new Error('nothing was sent')
      case 'reads and throws':
        await this.#send('GET')
        throw new Error('read, and gave up')
      case 'takes the raw token':
        world.tell({ kind: 'took the raw token', call: number })
        await this.#access?.withToken((token) => token.slice(0, 4))
        throw new Error('took the raw token, and threw')
      case 'tells the token':
        world.tell({ kind: 'took the raw token', call: number })
        return this.#access?.withToken((token) => {
          throw new Error(`the API does not take ${token}`, { cause: { headers: [`Bearer ${token}`] } })
        })
      case 'sends twice':
        await this.#send('POST')
        await this.#dawdle()
        await this.#send('PUT')
        return { done: number }
      case 'gets a new token':
        await this.#dawdle()
        return { done: number, status: await this.#send('POST') }
      case 'hangs':
        await this.#send('POST')
        process.underWay--
        return new Promise(() => {})
      case 'says no effect':
        await this.#send('POST')
        throw new process.sdk.HadNoEffect(new Error('the API undid it'))
      case 'throws after':
        await this.#send('POST')
        throw new Error('the answer made no sense')
      case 'is refused by send':
        await this.#sendOrThrow()
        return { done: number }
      case 'takes long':
      case 'returns a date long after':
        await this.#send('POST')
        await this.#pass(LONG_MS)
        return plan === 'takes long' ? { done: number } : new Date(0)
      case 'takes long and throws':
        await this.#send('POST')
        await this.#pass(LONG_MS)
        throw new Error('it took too long')
      case 'writes inside':
        await this.#of.writeInside('returns')
        return { done: number }
      case 'writes inside and throws':
        await this.#of.writeInside('returns')
        throw new Error('the rest went wrong')
      case 'throws while it writes inside':
        void this.#of.writeInside('returns').catch(() => {})
        throw new Error('the rest went wrong')
      case 'throws what was inside':
        await this.#send('POST')
        await this.#of.writeInside('says no effect')
        return { done: number }
      case 'pays elsewhere and throws':
        await this.#send('GET')
        world.tell({ kind: 'acted unseen', call: number })
        await this.#ownWork()
        await this.#send('POST')
        throw new Error('paid, and could not note it')
      default: {
        const status = await this.#send('POST')
        if (status >= 400) throw new Error(`the API said ${status}`)
        return plan === 'returns a date' ? new Date(0) : { done: number }
      }
    }
  }

  /** Long enough for others to act. */
  async #dawdle(): Promise<void> {
    for (let beats = 0; beats < 10; beats++) await this.#ownWork()
  }

  #pass(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#of.process.after(milliseconds, resolve))
  }

  /** A core that has no `send` yet: the body does what it would do. */
  async #sendOrThrow(): Promise<void> {
    const { number, api, process } = this.#of
    const init = { method: 'POST', headers: { 'x-call': String(number) } }
    if (this.#access?.send !== undefined) {
      await this.#access.send(`${api}/do`, init)
      return
    }
    const status = await this.#send('POST')
    if (status === 403) throw new process.sdk.HadNoEffect(new Error(`the API said ${status}`))
  }

  #ownWork(): Promise<void> {
    const { process, number, world } = this.#of
    const work = () => world.note(`${process.name} does its own work for the call ${number}`)
    return process.operation('app', 'work', work, () => new Error('its own work failed'))
  }

  async #send(method: string): Promise<number> {
    const { number, api } = this.#of
    if (this.#access === undefined) {
      await this.#ownWork()
      return 200
    }
    const response = await this.#access.fetch(`${api}/do`, { method, headers: { 'x-call': String(number) } })
    return response.status
  }
}
