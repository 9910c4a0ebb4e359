export { type CibaOptions, ciba } from './ciba.ts'
