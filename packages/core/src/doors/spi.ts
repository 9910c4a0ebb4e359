// `@behalf/core/spi`: for authors of adapters to agent frameworks.
export {
  type CallWithin,
  denySentences,
  interruptSentences,
  type PauseOptions,
  type PauseState,
  type Pauses,
  type ReadTool,
  type Redactor,
  readTools,
  redactorOf,
  slotWithin,
  toolFailedSentence,
  withPolicies,
} from '../guard/index.ts'
export { plainCopy } from '../lib/index.ts'
