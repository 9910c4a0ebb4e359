// `@behalf/core/shared-tokens`: several processes of one agent exchange once.
export { type SharedTokensPart, sharedTokens } from '../token-exchange/shared-tokens.ts'
