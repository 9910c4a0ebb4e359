/** Hands on the object that it is given, so that a class below it puts its private field on that very object. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is how a private field gets onto an object that is there already.
    return object
  }
}

/**
 * Objects that were marked, each with what is kept for it: in a private field, which nothing outside can set, copy or read.
 *
 * A WeakMap would do the same. To fill one costs more than all else in an admission, and the garbage collector pays for
 * each entry once more.
 */
export class Marked extends Given {
  #kept: object | undefined

  private constructor(object: object, kept: object | undefined) {
    super(object)
    this.#kept = kept
  }

  /** Must run before the object is frozen: later engines may refuse to add a private field to a frozen object. */
  static set(object: object, kept: object | undefined): void {
    if (#kept in object) object.#kept = kept
    else new Marked(object, kept)
  }

  static has(value: unknown): boolean {
    return typeof value === 'object' && value !== null && #kept in value
  }

  /** Returns the value that is kept for the object, or `undefined` if it was never marked. */
  static get(value: unknown): object | undefined {
    return typeof value === 'object' && value !== null && #kept in value ? value.#kept : undefined
  }
}
