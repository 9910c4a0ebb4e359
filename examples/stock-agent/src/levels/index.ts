export { identityLevel } from './identity.ts'
export { privateDataLevel } from './private-data.ts'
export { publicLevel } from './public.ts'
export { sensitiveActionLevel } from './sensitive-action.ts'
