/** Returns its argument, so that a subclass adds its private field to that object. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is how a private field gets onto an object that is there already.
    return object
  }
}

/**
 * Marked objects, each with a value in a private field, which outside code cannot set, copy or read.
 *
 * A WeakMap would work too. But filling one costs more than everything else in an admission, and the garbage collector
 * spends time on each entry again.
 */
export class Marked extends Given {
  #kept: object | undefined

  private constructor(object: object, kept: object | undefined) {
    super(object)
    this.#kept = kept
  }

  /**
   * Marks an object. Call it before the object is frozen: later engines may refuse to add a private field to a frozen
   * object.
   */
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
