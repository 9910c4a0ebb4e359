import type { Store } from '../base/ports.ts'
import { isOutage } from './outages.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * A right that expires when its holder dies.
 *
 * Only the store counts its time, and no process's clock. The value names the holder. So if its write succeeded and the
 * answer was lost, the holder finds that it has the lease.
 */
export class Lease {
  readonly #store: Store
  readonly #key: string
  readonly #seconds: number
  readonly #holder: string
  #version: string
  #renewing: Promise<boolean> | undefined
  #released = false

  private constructor(store: Store, key: string, seconds: number, held: { holder: string; version: string }) {
    this.#store = store
    this.#key = key
    this.#seconds = seconds
    this.#holder = held.holder
    this.#version = held.version
  }

  /** Takes the lease. @returns `undefined` if another holder has it. */
  static async take(store: Store, key: string, seconds: number): Promise<Lease | undefined> {
    const holder = crypto.randomUUID()
    // A share of its own: records of others must not keep a token from being renewed.
    const options = { ifVersion: null, expiresInSeconds: seconds, owner: key }
    let version: string | undefined
    try {
      version = await store.put(key, encoder.encode(holder), options)
    } catch (error) {
      if (!isOutage(error)) throw error
      version = await versionOf(store, key, holder)
      if (version === undefined) throw error
    }
    return version === 'conflict' ? undefined : new Lease(store, key, seconds, { holder, version })
  }

  static async isTaken(store: Store, key: string): Promise<boolean> {
    return (await store.get(key)) !== undefined
  }

  /** Renews the lease. @returns false if it had ended and another holder has it. */
  renew(): Promise<boolean> {
    const renewing = this.#renew()
    this.#renewing = renewing
    return renewing
  }

  async #renew(): Promise<boolean> {
    if (await this.#put(this.#version)) return true
    // An earlier renewal may have been written although its answer was lost; or the lease expired and is free.
    const held = await versionOf(this.#store, this.#key, this.#holder)
    return this.#released ? false : this.#put(held ?? null)
  }

  /**
   * Renews the lease three times in each of its periods, until it is stopped. If the store does not answer, it tries
   * again at the next beat. It stops only if another holder has the lease.
   */
  keep(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    let stopped = false
    const again = () => {
      if (stopped) return
      timer = setTimeout(() => void this.renew().then((kept) => kept && again(), again), (this.#seconds / 3) * 1000)
      // On Node, a lease alone keeps no process alive.
      if (typeof timer === 'object') timer.unref?.()
    }
    again()
    return () => {
      stopped = true
      clearTimeout(timer)
    }
  }

  /** Keeps the lease while `work` runs, and releases it afterwards. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const stop = this.keep()
    try {
      return await work()
    } finally {
      stop()
      await this.release()
    }
  }

  /** Releases the lease. Never fails: a lease that cannot be released expires. */
  async release(): Promise<void> {
    this.#released = true
    // A pending renewal changes the version, and would create a deleted lease again.
    await this.#renewing?.catch(() => {})
    await this.#store.delete(this.#key, { ifVersion: this.#version }).catch(() => {})
  }

  async #put(ifVersion: string | null): Promise<boolean> {
    const version = await this.#store.put(this.#key, encoder.encode(this.#holder), {
      ifVersion,
      expiresInSeconds: this.#seconds,
    })
    if (version === 'conflict') return false
    this.#version = version
    return true
  }
}

async function versionOf(store: Store, key: string, holder: string): Promise<string | undefined> {
  const found = await store.get(key)
  return found !== undefined && decoder.decode(found.value) === holder ? found.version : undefined
}
