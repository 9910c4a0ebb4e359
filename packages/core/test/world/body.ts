import type { Call } from '../../src/index.ts'
import type { AppProcess } from './app-process.ts'
import type { BodyPlan } from './commands.ts'
import type { World } from './world.ts'

/** The call whose body runs. */
export interface BodyOf {
  readonly world: World
  readonly process: AppProcess
  readonly number: number
  readonly plan: BodyPlan
  /** Where its requests go. */
  readonly api: string
}

interface Access {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  readonly withToken: (use: (token: string) => string) => Promise<string>
}

/** The body of every tool: it does what its plan says, and tells the model what an observer would see. */
export function bodyOf(of: BodyOf): (input: unknown, call: Call) => unknown {
  const { world, number, plan } = of
  return (input, call) => {
    world.tell({ kind: 'began', call: number, input: JSON.stringify(input), key: call.idempotencyKey })
    const work = new Work(of, (call.access as { api?: Access }).api)
    return plan === 'streams' || plan === 'is given up' ? work.stream() : work.run()
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
      world.tell({ kind: 'body ended', call: number, how: 'returned', result: JSON.stringify(result) })
      return result
    } catch (error) {
      const how = plan === 'says no effect' && error instanceof process.sdk.HadNoEffect ? 'said no effect' : 'threw'
      world.tell({ kind: 'body ended', call: number, how })
      throw error
    }
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
