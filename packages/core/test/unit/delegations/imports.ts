export { subjectTokenOf } from '../../../src/doors/identity.ts'
export { roleMap } from '../../../src/doors/roles.ts'
export { admit, fieldsOf } from '../../../src/identity/verified.ts'
