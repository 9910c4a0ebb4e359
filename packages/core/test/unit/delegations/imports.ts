export { admit, fieldsOf } from '../../../src/caller/identity/verified.ts'
export { subjectTokenOf } from '../../../src/entrypoints/identity.ts'
export { roleMap } from '../../../src/entrypoints/roles.ts'
