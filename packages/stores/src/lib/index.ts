export { checkLimit, checkPut, checkSeconds, refuseUnknownKeys, requireTimeout } from './arguments.ts'
export { nameBytes, nameFrom, plainBytes } from './names.ts'
