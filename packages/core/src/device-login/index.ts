export { type AuthorizeOnDeviceOptions, authorizeOnDevice, type DeviceEndpoints } from './authorize-on-device.ts'
export {
  createDeviceLogin,
  type DeviceLogin,
  type DeviceLoginOutcome,
  type DeviceLoginSettings,
} from './create-device-login.ts'
export type { DeviceCode, DevicePrompt } from './device-prompt.ts'
export type { LoginKey } from './kept-file.ts'
export type { LoginFile } from './login-file.ts'
export { type DeviceAnswer, type DeviceTokenEndpoint, pollDevice } from './poll-device.ts'
