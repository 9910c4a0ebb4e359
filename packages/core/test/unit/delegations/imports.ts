export { admit, fieldsOf } from '../../../src/identity/index.ts'
export { roleMap, subjectTokenOf } from '../../../src/index.ts'
