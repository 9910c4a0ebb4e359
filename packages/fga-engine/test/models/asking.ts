import {
  type AuthorizationModel,
  type CheckQuestion,
  createEngine,
  FgaError,
  memoryTuples,
  type Tuple,
} from '../../src/index.ts'
import { model, tuple } from './from-language.ts'

/** Asks one question after another: `true`, `false`, or the code of the refusal. */
export function asking(of: string | AuthorizationModel, ...tuples: readonly (string | Tuple)[]) {
  const engine = createEngine({
    model: typeof of === 'string' ? model(of) : of,
    tuples: memoryTuples(tuples.map((one) => (typeof one === 'string' ? tuple(one) : one))),
  })
  return (question: string, more: Partial<CheckQuestion> = {}): Promise<unknown> =>
    engine.check({ ...tuple(question), ...more }).catch((error: unknown) => {
      if (error instanceof FgaError) return error.code
      throw error
    })
}
