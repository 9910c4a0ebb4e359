export type { Asking, World } from './asking.ts'
export { Evaluation } from './evaluate.ts'
export type { Explanation, ExplanationStep, Outcome } from './outcome.ts'
