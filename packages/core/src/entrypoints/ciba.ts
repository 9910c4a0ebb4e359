// `@behalf/core/ciba`: asks a person on their own device.

export type { SignRequestOptions } from '../caller/authorization-server/sign-request.ts'
export { ciba } from '../consent/ciba/ciba.ts'
export type { BackchannelHint, HintOf } from '../consent/ciba/hint.ts'
export type { CibaOptions } from '../consent/ciba/settings.ts'
