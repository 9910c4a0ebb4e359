import type { FgaError } from '../errors/index.ts'
import { type Relation, type Rewrite, relationOf } from '../model/index.ts'
import { isUserset, splitUserset, type Tuple, tupleText, typeOf } from '../tuples/index.ts'
import type { Asking, World } from './asking.ts'
import { tooComplex } from './budget.ts'
import { conditionText } from './condition-text.ts'
import { type Course, Memo } from './memo.ts'
import { ALLOWED, AnyOf, because, CYCLE, DENIED, failed, type Outcome } from './outcome.ts'
import { type Admitted, TupleReader } from './tuple-reader.ts'

/** Maximum number of usersets and parents that follow each other. OpenFGA's default. */
export const MAX_DEPTH = 25

/** Relations on the path to a question. If one of them occurs again, the path is a cycle. */
interface Path {
  readonly subject: string
  readonly before: Path | undefined
}

/** Evaluates relations for one user. Takes steps one after another, and only as many as needed. */
export class Evaluation {
  readonly #world: World
  readonly #asking: Asking
  /** Form of the user in type restrictions: `user`, or `group#member`. */
  readonly #label: string
  readonly #type: string
  readonly #isUserset: boolean
  readonly #reader: TupleReader
  /** Shared with the opposite evaluation: one of the two takes a step at a time. */
  readonly #course: Course
  readonly #memo: Memo
  #opposite: Evaluation | undefined

  /** @param opposite - The evaluation with the contrary assumption, if this one is its opposite. */
  constructor(world: World, asking: Asking, opposite?: Evaluation) {
    this.#world = world
    this.#asking = asking
    this.#reader = new TupleReader(world, asking)
    this.#course = opposite === undefined ? { dependent: 0, deepest: 0 } : opposite.#course
    this.#memo = new Memo(this.#course)
    this.#opposite = opposite
    const { user } = asking
    this.#type = typeOf(user)
    this.#isUserset = isUserset(user)
    this.#label = this.#isUserset ? `${this.#type}#${splitUserset(user)[1]}` : this.#type
  }

  /** Returns whether the user has this relation to the object. */
  check(object: string, relation: Relation): Promise<Outcome> {
    this.#asking.budget.begin()
    return this.#relation(object, relation, 0, undefined)
  }

  async #relation(object: string, relation: Relation, depth: number, before: Path | undefined): Promise<Outcome> {
    const subject = `${object}#${relation.name}`
    const { explain, user } = this.#asking
    const told = (outcome: Outcome, reason: string) =>
      explain ? because(outcome, 'relation', subject, { reason }) : outcome
    const turn = this.#asking.budget.step()
    if (turn !== undefined) await turn
    if (depth >= MAX_DEPTH) return told(this.#depends(failed(tooComplex())), `more than ${MAX_DEPTH} steps deep`)
    for (let step = before; step !== undefined; step = step.before) {
      if (step.subject === subject) return told(this.#depends(CYCLE), 'led back to itself')
    }
    if (user === subject) return told(ALLOWED, 'a userset has its own relation')
    if (!this.#canReach(relation)) return told(DENIED, `the model has no path from ${this.#label} to it`)
    const known = this.#memo.find(subject, depth, MAX_DEPTH)
    if (known !== undefined) return told(known, 'as above')
    const open = this.#memo.open(depth)
    const outcome = await this.#rewrite(object, relation, relation.rewrite, depth, { subject, before })
    this.#memo.close(subject, open, outcome)
    return explain ? because(outcome, 'relation', subject, { children: [outcome.why] }) : outcome
  }

  /** Returns an outcome that prevents the caching of every relation on the path to it. */
  #depends(outcome: Outcome): Outcome {
    this.#course.dependent++
    return outcome
  }

  #canReach(relation: Relation): boolean {
    const { reaches } = this.#world
    return reaches(this.#label, relation) || (!this.#isUserset && reaches(`${this.#type}:*`, relation))
  }

  #rewrite(object: string, relation: Relation, rewrite: Rewrite, depth: number, path: Path): Promise<Outcome> {
    switch (rewrite.kind) {
      case 'this':
        return this.#direct(object, relation, depth, path)
      case 'computed':
        return this.#computed(object, relation, rewrite.relation, depth, path)
      case 'ttu':
        return this.#from(object, relation, rewrite, depth, path)
      case 'exclusion':
        return this.#exclusion(object, relation, rewrite, depth, path)
      case 'union':
        return this.#union(object, relation, rewrite.children, depth, path)
      case 'intersection':
        return this.#intersection(object, relation, rewrite.children, depth, path)
    }
  }

  /** Tuples of the relation itself: the user's own, those of all users (`type:*`), and those of usersets. */
  async #direct(object: string, relation: Relation, depth: number, path: Path): Promise<Outcome> {
    const any = new AnyOf()
    const done = () => (this.#asking.explain ? this.#told(any, 'direct', path.subject, 'no tuple') : any.outcome())
    const { labels, wildcards, usersets } = relation.takes
    if (labels.has(this.#label) && any.take(this.#decide(await this.#reader.own(object, relation)))) return done()
    if (!this.#isUserset && wildcards.has(this.#type)) {
      if (any.take(this.#decide(await this.#reader.everybody(object, relation)))) return done()
    }
    if (!usersets) return done()
    const groups = await this.#reader.usersets(object, relation)
    if (groups.error !== undefined) any.take(this.#error(groups.error, path.subject))
    for (const { user } of groups.tuples) {
      const [target, name] = splitUserset(user)
      const next = relationOf(this.#world.model, typeOf(target), name)
      if (next !== undefined && any.take(await this.#relation(target, next, depth + 1, path))) return done()
    }
    return done()
  }

  /** Allows if the condition of one of the tuples holds. */
  #decide({ tuples, error, first }: Admitted): Outcome {
    const outcome = tuples.length > 0 ? ALLOWED : error === undefined ? DENIED : this.#depends(failed(error))
    const told = tuples[0] ?? first
    if (!this.#asking.explain || told === undefined) return outcome
    return because(outcome, 'tuple', tupleText(told), { reason: error?.message ?? this.#reason(told, outcome.allowed) })
  }

  #reason({ condition }: Tuple, allowed: boolean): string {
    const { conditions, explainValues: values } = this.#world
    const known = conditions.get(condition?.name ?? '')
    if (condition === undefined || known === undefined) {
      return allowed ? 'the tuple is there' : 'the model does not take the tuple'
    }
    const ofTuple = condition.context ?? {}
    const text = conditionText(known, { ofTuple, ofQuestion: this.#asking.request.fields, values })
    return `its condition ${known.name} ${allowed ? 'holds' : 'does not hold'}: ${text}`
  }

  async #computed(object: string, { type }: Relation, name: string, depth: number, path: Path): Promise<Outcome> {
    const next = relationOf(this.#world.model, type, name)
    return next === undefined ? DENIED : this.#relation(object, next, depth, path)
  }

  async #from(
    object: string,
    { type }: Relation,
    { tupleset, computed }: Rewrite & { kind: 'ttu' },
    depth: number,
    path: Path,
  ): Promise<Outcome> {
    const any = new AnyOf()
    const links = relationOf(this.#world.model, type, tupleset)
    if (links === undefined) return DENIED
    const parents = await this.#reader.parents(object, links)
    if (parents.error !== undefined) any.take(this.#error(parents.error, `${object}#${tupleset}`))
    for (const { user } of parents.tuples) {
      const next = relationOf(this.#world.model, typeOf(user), computed)
      if (next !== undefined && any.take(await this.#relation(user, next, depth + 1, path))) break
    }
    if (!this.#asking.explain) return any.outcome()
    const without = parents.first === undefined ? `no ${tupleset}` : `no ${tupleset} that counts`
    return this.#told(any, 'from', `${path.subject}: ${computed} from ${tupleset}`, without)
  }

  async #union(object: string, relation: Relation, parts: readonly Rewrite[], depth: number, path: Path) {
    const any = new AnyOf()
    for (const part of parts) if (any.take(await this.#rewrite(object, relation, part, depth, path))) break
    return this.#asking.explain ? this.#told(any, 'union', path.subject) : any.outcome()
  }

  /** Evaluates an intersection. Any denial wins, with or without errors; a cycle is a denial. */
  async #intersection(object: string, relation: Relation, parts: readonly Rewrite[], depth: number, path: Path) {
    let outcome = ALLOWED
    const taken: Outcome[] = []
    for (const part of parts) {
      const one = await this.#rewrite(object, relation, part, depth, path)
      taken.push(one)
      if (one.error !== undefined) outcome = failed(outcome.error ?? one.error)
      else if (!one.allowed) {
        outcome = one.cycle ? CYCLE : DENIED
        break
      }
    }
    return this.#asking.explain
      ? because(outcome, 'intersection', path.subject, { children: taken.map(({ why }) => why) })
      : outcome
  }

  /** A cycle on either side is a denial: an unanswered part must not count as absent. */
  async #exclusion(
    object: string,
    relation: Relation,
    rewrite: Rewrite & { kind: 'exclusion' },
    depth: number,
    path: Path,
  ): Promise<Outcome> {
    const base = await this.#rewrite(object, relation, rewrite.base, depth, path)
    const told = (outcome: Outcome, subtract?: Outcome) =>
      this.#asking.explain
        ? because(outcome, 'exclusion', path.subject, { children: [base.why, subtract?.why] })
        : outcome
    if (!base.allowed && base.error === undefined) return told(base.cycle ? CYCLE : DENIED)
    const subtract = await this.#contrary().#rewrite(object, relation, rewrite.subtract, depth, path)
    if (subtract.cycle) return told(CYCLE, subtract)
    if (subtract.allowed) return told(DENIED, subtract)
    const error = base.error ?? subtract.error
    return told(error === undefined ? ALLOWED : failed(error), subtract)
  }

  /**
   * Evaluates subtracted relations. If conditions are assumed to hold, so that the answer is yes if it can be, the
   * subtracted ones must be assumed not to hold.
   */
  #contrary(): Evaluation {
    const { assume } = this.#asking
    if (assume === undefined) return this
    this.#opposite ??= new Evaluation(this.#world, { ...this.#asking, assume: !assume }, this)
    return this.#opposite
  }

  #told(any: AnyOf, step: 'direct' | 'from' | 'union', subject: string, without?: string): Outcome {
    const { children } = any
    const reason = without !== undefined && children.every((child) => child === undefined) ? without : undefined
    return because(any.outcome(), step, subject, { children, ...(reason !== undefined && { reason }) })
  }

  #error(error: FgaError, subject: string): Outcome {
    const outcome = this.#depends(failed(error))
    return this.#asking.explain ? because(outcome, 'tuple', subject) : outcome
  }
}
