export { checkLimit, checkPut, checkSeconds, refuseUnknownKeys, requireTimeout } from './arguments.ts'
export { asBuffer, nameBytes, nameFrom, plainBytes } from './names.ts'
