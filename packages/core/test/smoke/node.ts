import { smoke } from './suite.ts'

console.log(`${(await smoke()).length} hold`)
