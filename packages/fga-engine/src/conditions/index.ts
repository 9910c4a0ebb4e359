export { type Condition, compileCondition, type RequestContext } from './condition.ts'
export { type Cel, loadCel } from './load-cel.ts'
