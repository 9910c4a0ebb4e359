// `@behalf/core/device-login`: RFC 8628 for clients that make their requests themselves.
export type {
  AuthorizeOnDeviceOptions,
  DeviceAnswer,
  DeviceCode,
  DeviceEndpoints,
  DeviceTokenEndpoint,
} from '../sign-in/device-login/device-authorization.ts'
export { authorizeOnDevice } from '../sign-in/device-login/device-authorization.ts'
