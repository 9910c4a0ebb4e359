// `@behalf/core/device-login`: RFC 8628 for clients that make their requests themselves.
export type * from '../device-login/authorize-on-device.ts'
export { authorizeOnDevice } from '../device-login/authorize-on-device.ts'
export type { DeviceCode } from '../device-login/device-prompt.ts'
export type { DeviceAnswer, DeviceTokenEndpoint } from '../device-login/poll-device.ts'
