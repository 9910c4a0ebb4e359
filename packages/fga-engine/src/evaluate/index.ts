export type { Asking, World } from './asking.ts'
export { Evaluation, MAX_DEPTH, tooComplex } from './evaluate.ts'
export type { Explanation, ExplanationStep } from './outcome.ts'
export { TupleReader } from './tuple-reader.ts'
