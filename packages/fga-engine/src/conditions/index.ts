export { type Condition, compileCondition, type RequestContext } from './condition.ts'
export { loadCel } from './load-cel.ts'
