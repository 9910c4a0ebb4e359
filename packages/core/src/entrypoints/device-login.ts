// `@behalf/core/device-login`: RFC 8628 for clients that make their requests themselves.
export type * from '../sign-in/device-login/authorize-on-device.ts'
export { authorizeOnDevice } from '../sign-in/device-login/authorize-on-device.ts'
export type { DeviceCode } from '../sign-in/device-login/device-prompt.ts'
export type { DeviceAnswer, DeviceTokenEndpoint } from '../sign-in/device-login/poll-device.ts'
