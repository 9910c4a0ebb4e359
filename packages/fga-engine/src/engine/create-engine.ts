import { ConfigurationError } from '@behalf/core'
import { type Condition, compileCondition, loadCel } from '../conditions/index.ts'
import { type AuthorizationModel, compileModel, createHasWay, createReaches } from '../model/index.ts'
import { memoryTuples, type Tuple, type TupleSource } from '../tuples/index.ts'
import { askBatch, askCheck, askExplanation } from './ask.ts'
import { copyOfQuestion, copyOfRequest } from './copy-question.ts'
import type { FgaEngine } from './engine.ts'
import { listObjects } from './list-objects.ts'
import { listUsers } from './list-users.ts'
import { readTuples } from './read-tuples.ts'
import type { EngineState } from './state.ts'
import { writeTuples } from './write-tuples.ts'

/** Maximum time-out of a timer, in milliseconds. */
const MAX_TIMEOUT_MS = 2_147_483_647

/** Options of {@link createEngine}. */
export interface EngineOptions {
  /**
   * Model in OpenFGA's JSON. `@openfga/syntax-transformer` converts the language (`.fga`) to it, at build or test time.
   */
  readonly model: AuthorizationModel
  /** Source of the tuples, or a list. @default none, in memory. A list is copied into memory. */
  readonly tuples?: TupleSource | readonly Tuple[]
  /** Time limit for a question, in milliseconds: a check, a batch or a list. @default 3000, OpenFGA's own */
  readonly timeoutMs?: number
  /**
   * Explanations show the values that conditions were evaluated with, of tuples and of questions. For tests and local
   * runs: a guard writes explanations to its audit. @default false: they show expressions only
   */
  readonly explainValues?: boolean
}

const KEYS: readonly string[] = [
  'model',
  'tuples',
  'timeoutMs',
  'explainValues',
] satisfies readonly (keyof EngineOptions)[]

/**
 * Makes an engine that evaluates an OpenFGA model in this process.
 *
 * Evaluates all of OpenFGA's language except inline expressions. Conditions need the peers `@bufbuild/cel` and
 * `@bufbuild/protobuf`, which are loaded at the first question. A check resolves at most 100,000 relations, each once
 * if its answer does not depend on the way to it. Does not limit the cost of an expression; a server does. For tests,
 * local runs and edge functions, over tuples that fit in a process.
 *
 * @throws ConfigurationError An unknown option, or a model that cannot be evaluated.
 */
export function createEngine(options: EngineOptions): FgaEngine {
  for (const key of Object.keys(options)) {
    if (!KEYS.includes(key)) throw new ConfigurationError(key, `remove it: options are ${KEYS.join(', ')}`)
  }
  const { tuples = [], timeoutMs = 3000, explainValues = false } = options
  // Copied: its conditions are compiled at the first question, and an app may change the object before that.
  const model = structuredClone(options.model)
  if (!(typeof timeoutMs === 'number' && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new ConfigurationError('timeoutMs', `give milliseconds, more than 0 and at most ${MAX_TIMEOUT_MS}`)
  }
  const compiled = compileModel(model)
  const source = isSource(tuples) ? tuples : memoryTuples(tuples)
  let prepared: Promise<EngineState> | undefined
  const state = (): Promise<EngineState> => {
    prepared ??= prepareConditions(model).then((conditions) => ({
      model: compiled,
      conditions,
      reaches: createReaches(compiled),
      hasWay: createHasWay(compiled),
      source,
      explainValues: explainValues === true,
      valid: new WeakMap(),
      timeoutMs,
    }))
    return prepared
  }
  const asked =
    <Question, Answer>(
      answer: (state: EngineState, question: Question) => Promise<Answer>,
      copyOf: (given: Question) => Question,
    ) =>
    async (given: Question): Promise<Answer> => {
      const own = copyOf(given)
      return answer(await state(), own)
    }
  return {
    authorizationModelId: compiled.id,
    model: { ...model, id: compiled.id },
    ready: async () => void (await state()),
    check: asked(askCheck, copyOfQuestion),
    batchCheck: asked(askBatch, (items) => items.map(copyOfQuestion)),
    listObjects: asked(listObjects, copyOfQuestion),
    listUsers: asked(listUsers, copyOfQuestion),
    read: asked(readTuples, (question = {}) => ({ ...question })),
    write: asked(writeTuples, copyOfRequest),
    explain: asked(askExplanation, copyOfQuestion),
  }
}

async function prepareConditions({ conditions = {} }: AuthorizationModel): Promise<ReadonlyMap<string, Condition>> {
  const definitions = Object.entries(conditions)
  if (definitions.length === 0) return new Map()
  const peers = await loadCel()
  return new Map(definitions.map(([name, definition]) => [name, compileCondition(name, definition, peers)]))
}

const isSource = (tuples: TupleSource | readonly Tuple[]): tuples is TupleSource => 'tuplesOf' in tuples
