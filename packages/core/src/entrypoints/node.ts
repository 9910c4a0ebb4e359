// `@behalf/core/node`: exports that need Node.
export type {
  DeviceLogin,
  DeviceLoginOutcome,
  DeviceLoginSettings,
} from '../caller/device-login/create-device-login.ts'
export type { DevicePrompt } from '../caller/device-login/device-prompt.ts'
export type { LoginKey } from '../caller/device-login/kept-file.ts'
export type { LoginFile } from '../caller/device-login/login-file.ts'
export { type DeviceLoginOptions, deviceLogin } from '../caller/node/device-login.ts'
export { namesSpecialUse, type PublicFetchOptions, publicFetch } from '../caller/node/public-fetch.ts'
