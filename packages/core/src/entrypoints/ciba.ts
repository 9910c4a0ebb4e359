// `@behalf/core/ciba`: asks a person on their own device.

export { ciba } from '../ciba/ciba.ts'
export type { BackchannelHint, CibaOptions, HintOf } from '../ciba/settings.ts'
export type { SignRequestOptions } from '../oauth/client/sign-request.ts'
