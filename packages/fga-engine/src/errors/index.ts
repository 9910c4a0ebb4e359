export { FgaError, type FgaErrorCode, invalid } from './fga-error.ts'
