export { type DisplayText, displayFields, displayText } from './display-text.ts'
export { movesNumbers } from './text-direction.ts'
export { visibleText } from './visible-text.ts'
