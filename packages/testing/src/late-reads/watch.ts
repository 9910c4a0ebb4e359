/** A read of an app's object after its call had begun to wait. */
export interface LateRead {
  /** Path of the property, such as `options.identity`. */
  readonly path: string
  /** The line of the source that read it. */
  readonly at: string
}

/**
 * Passes objects of an app to an entry point, and records each read of them after the entry point has returned. From
 * then on, the app may reuse the same objects for its next user.
 *
 * Arrays, plain objects, `Headers` and `URLSearchParams` are watched. These may be read late, so they are passed on
 * unchanged:
 * - frozen objects (identities, policies and profiles that the SDK made): no app can change them;
 * - primitives and functions. The property that holds a function is watched: a function is taken once;
 * - instances of other classes, such as an `AbortSignal`, a `Request`, a `Token` or a key: the app does not reuse them;
 * - ports, by {@link port}: stores, clocks, channels, vaults and servers are called for as long as the app runs.
 */
export class Watch {
  /** Reads after the entry point returned. */
  readonly late: LateRead[] = []
  /** Number of reads before. */
  reads = 0
  #open: { isOver: boolean }[] = []

  /** Returns the object to pass to the next {@link call}. */
  given<const Value extends object>(value: Value, name = 'options'): Value {
    const state = { isOver: false }
    this.#open.push(state)
    return this.#watched(value, name, state) as Value
  }

  /** Calls an entry point. All that was given so far is the app's own again when it has returned, before it is waited for. */
  call<Result>(entryPoint: () => Result): Result {
    const { structuredClone } = globalThis
    // The platform's own function refuses proxies. A copy reads the whole object.
    globalThis.structuredClone = (value, options) => structuredClone(read(value), options)
    try {
      return entryPoint()
    } finally {
      globalThis.structuredClone = structuredClone
      for (const state of this.#open) state.isOver = true
      this.#open = []
    }
  }

  #note({ isOver }: { readonly isOver: boolean }, path: string): void {
    if (isOver) this.late.push({ path, at: reader() })
    else this.reads++
  }

  #watched(value: unknown, path: string, state: { readonly isOver: boolean }): unknown {
    if (value instanceof Headers || value instanceof URLSearchParams) {
      return new Proxy(value, {
        get: (target, key) => {
          this.#note(state, `${path}.${String(key)}`)
          const found: unknown = Reflect.get(target, key, target)
          return typeof found === 'function' ? found.bind(target) : found
        },
      })
    }
    if (!isWatched(value)) return value
    const copy: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value) as object | null)
    for (const key of Reflect.ownKeys(value)) {
      if (Array.isArray(value) && key === 'length') continue
      const own = this.#watched(value[key as keyof typeof value], `${path}.${String(key)}`, state)
      Object.defineProperty(copy, key, { value: own, writable: true, enumerable: true, configurable: true })
    }
    const note = (key?: PropertyKey) => this.#note(state, key === undefined ? path : `${path}.${String(key)}`)
    return new Proxy(copy, {
      get(target, key, receiver) {
        note(key)
        return Reflect.get(target, key, receiver)
      },
      has(target, key) {
        note(key)
        return Reflect.has(target, key)
      },
      ownKeys(target) {
        note()
        return Reflect.ownKeys(target)
      },
      getOwnPropertyDescriptor(target, key) {
        note(key)
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
    })
  }
}

const ports = new WeakSet<object>()

/** Marks an object as a port: it has methods that are called for as long as the app runs. */
export function port<Value extends object>(value: Value): Value {
  ports.add(value)
  return value
}

function isWatched(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || ports.has(value) || Object.isFrozen(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

/** Returns a copy of data with watched objects in it, and reads these. */
function read<Value>(value: Value): Value {
  if (!isWatched(value)) return value
  const copy: unknown = Array.isArray(value)
    ? value.map(read)
    : Object.fromEntries(Object.entries(value).map(([key, one]) => [key, read(one)]))
  return copy as Value
}

function reader(): string {
  const lines = new Error('late').stack?.split('\n') ?? []
  return (
    lines.find((line) => line.includes('/src/') && !line.includes('/src/late-reads/'))?.replace(/^.*\/src\//, 'src/') ??
    lines.slice(3, 6).join(' ')
  )
}
