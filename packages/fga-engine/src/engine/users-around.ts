import type { FgaError } from '../errors/index.ts'
import { type Asking, type Budget, MAX_DEPTH, TupleReader, tooComplex } from '../evaluate/index.ts'
import { type Relation, type Rewrite, relationOf } from '../model/index.ts'
import { isUserset, isWildcard, splitUserset, typeOf } from '../tuples/index.ts'
import type { EngineState } from './state.ts'

interface Place {
  readonly object: string
  readonly relation: Relation
}

/** Candidates of list users, and the first part of the search that has no answer. */
export interface Around {
  readonly users: ReadonlySet<string>
  readonly error: FgaError | undefined
}

/**
 * Returns all users of a kind that the tuples around a relation name, whether they have it or not. A tuple whose
 * condition does not hold is skipped. A condition that cannot be evaluated is an error, whichever user the tuple names.
 */
export async function usersAround(
  state: EngineState,
  asking: Asking,
  { object, relation, filter }: Place & { readonly filter: string },
): Promise<Around> {
  const walk = new Walk(state, asking, filter)
  walk.visit(object, relation)
  await walk.finish()
  return { users: walk.users, error: walk.error }
}

class Walk {
  readonly users = new Set<string>()
  error: FgaError | undefined
  readonly #state: EngineState
  readonly #reader: TupleReader
  readonly #budget: Budget
  /** `user`, or `group#member`. */
  readonly #filter: string
  readonly #seen = new Set<string>()
  #next: Place[] = []

  constructor(state: EngineState, asking: Asking, filter: string) {
    this.#state = state
    this.#reader = new TupleReader(state, asking)
    this.#budget = asking.budget
    this.#budget.begin()
    this.#filter = filter
  }

  visit(object: string, relation: Relation | undefined): void {
    const key = `${object}#${relation?.name}`
    if (relation === undefined || this.#seen.has(key)) return
    this.#seen.add(key)
    if (relation.label === this.#filter) this.users.add(key)
    this.#next.push({ object, relation })
  }

  /** Searches step by step outwards. Unlike in a check, relations of the same object are steps too. */
  async finish(): Promise<void> {
    for (let depth = 0; this.#next.length > 0; depth++) {
      if (depth >= MAX_DEPTH) {
        this.error ??= tooComplex()
        return
      }
      const places = this.#next
      this.#next = []
      for (const place of places) {
        await this.#budget.step()
        await this.#walk(place, place.relation.rewrite)
      }
    }
  }

  async #walk(place: Place, rewrite: Rewrite): Promise<void> {
    switch (rewrite.kind) {
      case 'this':
        return this.#direct(place)
      case 'computed':
        return this.visit(place.object, this.#relationOf(place.object, rewrite.relation))
      case 'ttu':
        return this.#from(place, rewrite)
      case 'exclusion':
        await this.#walk(place, rewrite.base)
        return this.#walk(place, rewrite.subtract)
      default:
        for (const child of rewrite.children) await this.#walk(place, child)
    }
  }

  async #direct({ object, relation }: Place): Promise<void> {
    for (const user of await this.#usersOf(object, relation)) {
      await this.#budget.turn()
      const [target, name] = splitUserset(user)
      if (isUserset(user)) this.visit(target, this.#relationOf(target, name))
      else if (typeOf(user) === this.#filter) this.users.add(user)
    }
  }

  async #from({ object }: Place, { tupleset, computed }: Rewrite & { kind: 'ttu' }): Promise<void> {
    const links = this.#relationOf(object, tupleset)
    if (links === undefined) return
    for (const user of await this.#usersOf(object, links)) {
      await this.#budget.turn()
      if (!isWildcard(user)) this.visit(user, this.#relationOf(user, computed))
    }
  }

  async #usersOf(object: string, relation: Relation): Promise<readonly string[]> {
    const { tuples, error } = await this.#reader.all(object, relation)
    this.error ??= error
    return tuples.map(({ user }) => user)
  }

  #relationOf(object: string, name: string): Relation | undefined {
    return relationOf(this.#state.model, typeOf(object), name)
  }
}
