// For browsers: loads one small file, and nothing of Node.
export type { Interrupt, InterruptKind } from '../contract/index.ts'
export { parseInterrupt } from '../guard/parse-interrupt.ts'
