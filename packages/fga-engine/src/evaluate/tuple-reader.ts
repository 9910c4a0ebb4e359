import { FgaError } from '../errors/index.ts'
import type { Relation } from '../model/index.ts'
import { isUserset, problemOfStored, type Tuple, tupleText, typeOf } from '../tuples/index.ts'
import type { Asking, World } from './asking.ts'

/** Tuples that the model accepts and whose condition holds. */
export interface Admitted {
  readonly tuples: readonly Tuple[]
  /** Error of a condition that could not be evaluated. As in OpenFGA, it is reported only if no other tuple is left. */
  readonly error: FgaError | undefined
  /** The first examined tuple, for explanations. */
  readonly first: Tuple | undefined
}

/** Reads stored tuples together with those of the question. */
export class TupleReader {
  readonly #world: World
  readonly #asking: Asking

  constructor(world: World, asking: Asking) {
    this.#world = world
    this.#asking = asking
  }

  /** Returns the tuple that names the user. A tuple of the question hides the stored one. */
  async own(object: string, relation: Relation): Promise<Admitted> {
    const { user } = this.#asking
    const sent = this.#sent(object, relation).find((tuple) => tuple.user === user)
    const tuple = sent ?? (await this.#stored(object, relation, user))
    return tuple === undefined ? NO_TUPLES : this.#admit(relation, [tuple])
  }

  /** Returns the tuples that name every user of the user's type (`type:*`). */
  async everybody(object: string, relation: Relation): Promise<Admitted> {
    const wildcard = `${typeOf(this.#asking.user)}:*`
    const sent = this.#sent(object, relation).filter((tuple) => tuple.user === wildcard)
    const stored = await this.#stored(object, relation, wildcard)
    return this.#admit(relation, stored === undefined ? sent : [...sent, stored])
  }

  /** Returns the tuples that name usersets. */
  async usersets(object: string, relation: Relation): Promise<Admitted> {
    const stored = await this.#world.source.tuplesOf(object, relation.name, 'usersets')
    return this.#admit(relation, this.#joined(object, relation, stored), ({ user }) => isUserset(user))
  }

  /** Returns the tuples of a tupleset, from which another relation is read. */
  async parents(object: string, tupleset: Relation): Promise<Admitted> {
    const stored = await this.#world.source.tuplesOf(object, tupleset.name)
    return this.#admit(tupleset, this.#joined(object, tupleset, stored))
  }

  /**
   * Returns all tuples of a relation, whichever users they name. Reports an error beside the remaining tuples, as list
   * users requires.
   */
  async all(object: string, relation: Relation): Promise<Admitted> {
    const stored = await this.#world.source.tuplesOf(object, relation.name)
    return this.#sifted(relation, this.#joined(object, relation, stored))
  }

  async #admit(relation: Relation, tuples: readonly Tuple[], isAsked?: (tuple: Tuple) => boolean): Promise<Admitted> {
    if (tuples.length === 0) return NO_TUPLES
    const sifted = await this.#sifted(relation, tuples, isAsked)
    return sifted.error !== undefined && sifted.tuples.length > 0 ? { ...sifted, error: undefined } : sifted
  }

  async #sifted(
    relation: Relation,
    tuples: readonly Tuple[],
    isAsked: (tuple: Tuple) => boolean = () => true,
  ): Promise<Admitted> {
    let error: FgaError | undefined
    let first: Tuple | undefined
    const admitted: Tuple[] = []
    for (const tuple of tuples) {
      const turn = this.#asking.budget.turn()
      if (turn !== undefined) await turn
      if (!isAsked(tuple)) continue
      first ??= tuple
      if (!this.#isValid(relation, tuple)) continue
      const holds = this.#holds(tuple)
      if (holds === true) admitted.push(tuple)
      else if (holds !== false) error = holds
    }
    return { tuples: admitted, error, first }
  }

  #holds(tuple: Tuple): boolean | FgaError {
    if (tuple.condition === undefined) return true
    const { name, context = NOTHING } = tuple.condition
    try {
      return this.#world.conditions.get(name)?.holds(context, this.#asking.request, tupleText(tuple)) === true
    } catch (problem) {
      if (!(problem instanceof FgaError)) throw problem
      return this.#asking.assume ?? problem
    }
  }

  #isValid(relation: Relation, tuple: Tuple): boolean {
    const known = this.#world.valid.get(tuple)
    if (known !== undefined) return known
    const valid = problemOfStored(relation, this.#world.conditions, tuple) === undefined
    this.#world.valid.set(tuple, valid)
    return valid
  }

  #sent(object: string, { name }: Relation): readonly Tuple[] {
    return this.#asking.contextual.get(`${object}#${name}`) ?? NONE
  }

  #joined(object: string, relation: Relation, stored: readonly Tuple[]): readonly Tuple[] {
    const sent = this.#sent(object, relation)
    return sent.length === 0 ? stored : [...sent, ...stored]
  }

  async #stored(object: string, relation: Relation, user: string): Promise<Tuple | undefined> {
    const { source } = this.#world
    if (source.tuple !== undefined) return source.tuple({ object, relation: relation.name, user })
    return (await source.tuplesOf(object, relation.name)).find((tuple) => tuple.user === user)
  }
}

const NONE: readonly Tuple[] = Object.freeze([])
const NO_TUPLES: Admitted = Object.freeze({ tuples: NONE, error: undefined, first: undefined })
const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({})
