// For browsers: loads a few small files, and nothing of Node.
export type { Interrupt, InterruptKind } from '../base/contract/index.ts'
export { type DisplayText, displayText } from '../base/display/display-text.ts'
export type * from '../guard/interrupts/ag-ui.ts'
export { agUiInterrupts, takeAgUiResume } from '../guard/interrupts/ag-ui.ts'
export { parseInterrupt } from '../guard/interrupts/parse-interrupt.ts'
