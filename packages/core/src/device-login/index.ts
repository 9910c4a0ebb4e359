export {
  createDeviceLogin,
  type DeviceLogin,
  type DeviceLoginOutcome,
  type DeviceLoginSettings,
} from './create-device-login.ts'
export type { DevicePrompt } from './device-prompt.ts'
export type { LoginKey } from './kept-file.ts'
export type { LoginFile } from './login-file.ts'
export { pollDevice } from './poll-device.ts'
