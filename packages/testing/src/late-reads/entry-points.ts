import { expect, test } from 'vitest'
import { Watch } from './watch.ts'

/** Entry points of a package, with their calls. */
export interface EntryPoints {
  /** Modules of the package. Each exported function is an entry point, by its name. */
  readonly modules: readonly object[]
  /** One instance of each object whose methods an app calls. Each method is an entry point, as `object.method`. */
  readonly objects: () => Readonly<Record<string, object>> | Promise<Readonly<Record<string, object>>>
  /** Entry points that are called with watched objects. */
  readonly tables: readonly Entries[]
  /** Names of entry points that have nothing to read late. */
  readonly exempt: readonly string[]
}

/** Tests that each entry point is called with watched objects, or is exempt, and that no exemption outlives its entry point. */
export function coversEachEntryPoint({ modules, objects, tables, exempt }: EntryPoints): void {
  test('each function and method that the package exports is called with watched objects, or has nothing to read late', async () => {
    const methods = Object.entries(await objects()).flatMap(([object, made]) =>
      methodsOf(made).map((name) => `${object}.${name}`),
    )
    const functions = modules.flatMap(functionsOf)
    expect(functions.length).toBeGreaterThan(0)
    const all = [...functions, ...methods]
    const known = new Set([...tables.flatMap(Object.keys), ...exempt])
    expect(all.filter((name) => !known.has(name))).toEqual([])
    expect(exempt.filter((name) => !all.includes(name))).toEqual([])
  })
}

const isClass = (value: object) => /^class\b/.test(Function.prototype.toString.call(value))

const functionsOf = (module: object): readonly string[] =>
  Object.entries(module)
    .filter(([, value]) => typeof value === 'function' && !isClass(value))
    .map(([name]) => name)

function methodsOf(object: object): readonly string[] {
  const prototype = Object.getPrototypeOf(object) as object | null
  const isPlain = prototype === null || prototype === Object.prototype
  const names = [...Object.keys(object), ...(isPlain ? [] : Object.getOwnPropertyNames(prototype))]
  return names.filter((name) => typeof object[name as keyof typeof object] === 'function' && name !== 'constructor')
}

/**
 * Calls by entry point: a call with watched objects, and its expected result, which shows that it did all of its work.
 */
export type Entries = Readonly<Record<string, readonly [call: (watch: Watch) => Promise<unknown>, expected: unknown]>>

/** Tests that each of these entry points reads the app's objects before its first wait. */
export function readsInTime(entries: Entries): void {
  test.each(Object.entries(entries))(
    '%s reads nothing of an app after its first wait, so that the app may reuse the same objects for its next user',
    async (_, [call, expected]) => {
      const watch = new Watch()
      const outcome = await call(watch)
      expect([...watch.late]).toEqual([])
      expect(watch.reads).toBeGreaterThan(0)
      if (typeof expected === 'object' && expected !== null) expect(outcome).toMatchObject(expected)
      else expect(outcome).toEqual(expected)
    },
  )
}
