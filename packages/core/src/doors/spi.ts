// `@behalf/core/spi`: for authors of adapters to agent frameworks.

export { type ReadTool, readTools } from '../guard/defined-tool.ts'
export type { PauseOptions, PauseState, Pauses } from '../guard/pauses.ts'
export { type Redactor, redactorOf } from '../guard/redactor-of.ts'
export { denySentences, interruptSentences, toolFailedSentence } from '../guard/sentences.ts'
export { type CallWithin, slotWithin } from '../guard/slot-within.ts'
export { withPolicies } from '../guard/with-policies.ts'
