export { type Requirement, verifies } from './requirement.ts'
