export { admit } from '../../../src/identity/index.ts'
export { roleMap } from '../../../src/index.ts'
