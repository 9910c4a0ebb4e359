// `@behalf/core/device-login`: RFC 8628 for clients that make their requests themselves.
export {
  type AuthorizeOnDeviceOptions,
  authorizeOnDevice,
  type DeviceAnswer,
  type DeviceCode,
  type DeviceEndpoints,
  type DeviceTokenEndpoint,
} from '../device-login/index.ts'
