export {
  createDeviceLogin,
  type DeviceLogin,
  type DeviceLoginOptions,
  type DeviceLoginOutcome,
  type DeviceLoginSettings,
  settingKeys,
} from './create-device-login.ts'
export type { DevicePrompt } from './device-prompt.ts'
export type { LoginKey } from './kept-file.ts'
export type { LoginFile } from './login-file.ts'
export { type DeviceAnswer, deviceGrant, pollDevice } from './poll-device.ts'
