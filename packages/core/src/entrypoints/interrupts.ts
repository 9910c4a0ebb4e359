// For browsers: loads a few small files, and nothing of Node.
export type { Interrupt, InterruptKind } from '../contract/index.ts'
export { type DisplayText, displayText } from '../display/display-text.ts'
export { parseInterrupt } from '../guard/parse-interrupt.ts'
