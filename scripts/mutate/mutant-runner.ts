import { inject, type RunnerTask, type RunnerTestCase, TestRunner, type TestTryOptions } from 'vitest'
import { installMutants, type Mutants, readNotes, writeNote } from './awake.ts'
import type { Plan } from './plan.ts'

// Kept before a test puts its own clock in their place.
const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis
const now = performance.now.bind(performance)

/** How much longer a test may take with a mutant, besides ten times as long. */
const PATIENCE_MS = 2_000

/**
 * Runs each test again and again: once as it is, and once for each mutant that could show in it.
 *
 * A mutant is killed when a test fails twice with it and passes without it in between. A test that fails with no
 * mutant awake is asked no more, since its failures say nothing.
 */
// biome-ignore lint/style/noDefaultExport: vitest takes a runner from the default export of its file.
export default class MutantRunner extends TestRunner {
  readonly #plan: Plan = inject('mutation')
  readonly #mutants: Mutants = installMutants(this.#plan.always)
  readonly #killed = new Set<number>()
  readonly #spent = new Map<number, number>()
  #isFirst = true
  #isOver = false
  #waiting: number[] = []
  /** What the next try does: the test as it is, or one mutant for the first or the second time. */
  #step: 'as it is' | 'first' | 'between' | 'second' = 'as it is'
  #awake = 0
  #usualMs = 0

  constructor(...args: ConstructorParameters<typeof TestRunner>) {
    super(...args)
    for (const note of readNotes(this.#plan.log)) {
      if (note.type === 'killed') this.#killed.add(note.id)
      if (note.type === 'try') this.#spent.set(note.id, (this.#spent.get(note.id) ?? 0) + 1)
    }
  }

  override async onBeforeRunTask(test: RunnerTask): Promise<void> {
    await super.onBeforeRunTask(test)
    if (test.type !== 'test') return
    if (this.#isFirst) this.#note({ type: 'reached', file: test.file.name, ids: [...this.#mutants.reached] })
    this.#isFirst = false
    if (this.#plan.always === 0) test.repeats = Number.MAX_SAFE_INTEGER
    this.#isOver = false
    this.#waiting = []
    this.#step = 'as it is'
  }

  override onBeforeTryTask(test: RunnerTask, options: TestTryOptions): void {
    super.onBeforeTryTask(test, options)
    if (test.type !== 'test' || this.#plan.always !== 0) return
    // The only way to end before `repeats` does.
    if (this.#isOver) test.context.skip()
    const isAwake = this.#step === 'first' || this.#step === 'second'
    if (isAwake) this.#note({ type: 'try', id: this.#awake, test: nameOf(test) })
    this.#mutants.reached.clear()
    this.#mutants.active = isAwake ? this.#awake : 0
  }

  /** With a mutant awake, a test that takes far longer than it does by itself is not waited for: it has failed. */
  async runTask(test: RunnerTestCase): Promise<void> {
    const body = async () => TestRunner.getTestFn(test)()
    const began = now()
    // Awake from the start, nobody knows how long it takes by itself: there it has what every test has.
    if (this.#mutants.active === 0 || this.#plan.always !== 0) {
      await body()
      this.#usualMs = now() - began
      return
    }
    const late = Promise.withResolvers<never>()
    const timer = startTimer(() => late.reject(new Error('it never ended')), PATIENCE_MS + 10 * this.#usualMs)
    try {
      await Promise.race([body(), late.promise])
    } finally {
      stopTimer(timer)
    }
  }

  override async onAfterRetryTask(test: RunnerTestCase, options: TestTryOptions): Promise<void> {
    await super.onAfterRetryTask(test, options)
    const why = test.result?.state === 'fail' ? (test.result.errors?.[0]?.message ?? 'failed') : undefined
    if (this.#plan.always !== 0) {
      if (why !== undefined) this.#note({ type: 'killed', id: this.#plan.always, by: nameOf(test), why })
      return
    }
    this.#mutants.active = 0
    if (test.result !== undefined && why !== undefined) delete test.result.errors
    if (!this.#isOver) this.#goOn(test, why)
  }

  #goOn(test: RunnerTestCase, why: string | undefined): void {
    switch (this.#step) {
      case 'as it is': {
        if (why !== undefined) {
          this.#giveUp(test, why)
          break
        }
        const ids = [...this.#mutants.reached]
        this.#note({ type: 'reached', file: test.file.name, ids })
        this.#waiting = ids.filter((id) => this.#mayTry(id))
        this.#wakeNext()
        break
      }
      case 'first':
        if (why === undefined) this.#wakeNext()
        else this.#step = 'between'
        break
      case 'between':
        if (why === undefined) this.#step = 'second'
        else this.#giveUp(test, why)
        break
      case 'second':
        if (why !== undefined) {
          this.#killed.add(this.#awake)
          this.#note({ type: 'killed', id: this.#awake, by: nameOf(test), why })
        }
        this.#wakeNext()
        break
      default:
        this.#step satisfies never
    }
  }

  #mayTry(id: number): boolean {
    const budget = this.#plan.budget[id]
    return budget !== undefined && !this.#killed.has(id) && (this.#spent.get(id) ?? 0) < budget
  }

  #wakeNext(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#isOver = true
    else this.#spent.set(next, (this.#spent.get(next) ?? 0) + 1)
    this.#awake = next ?? 0
    this.#step = 'first'
  }

  #giveUp(test: RunnerTestCase, why: string): void {
    this.#isOver = true
    this.#note({
      type: 'unusable',
      test: nameOf(test),
      file: test.file.name,
      why,
      after: this.#step === 'between' ? this.#awake : 0,
    })
  }

  #note(note: Parameters<typeof writeNote>[1]): void {
    writeNote(this.#plan.log, note)
  }
}

function nameOf(test: RunnerTestCase): string {
  const names: string[] = [test.name]
  for (let suite = test.suite; suite !== undefined; suite = suite.suite)
    if (!('filepath' in suite)) names.unshift(suite.name)
  return `${test.file.name}: ${names.join(' > ')}`
}
