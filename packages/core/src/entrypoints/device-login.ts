// `@behalf/core/device-login`: RFC 8628 for clients that make their requests themselves.
export type * from '../caller/device-login/authorize-on-device.ts'
export { authorizeOnDevice } from '../caller/device-login/authorize-on-device.ts'
export type { DeviceCode } from '../caller/device-login/device-prompt.ts'
export type { DeviceAnswer, DeviceTokenEndpoint } from '../caller/device-login/poll-device.ts'
