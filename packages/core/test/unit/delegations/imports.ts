export { subjectTokenOf } from '../../../src/entrypoints/identity.ts'
export { roleMap } from '../../../src/entrypoints/roles.ts'
export { admit, fieldsOf } from '../../../src/identity/verified.ts'
