// For clients: nothing here loads Node, the AI SDK or the guard.
export { type Interrupt, type InterruptKind, parseInterrupt } from '@behalf/core/interrupts'
export { interruptsOf, type PendingInterrupt } from './interrupts-of.ts'
