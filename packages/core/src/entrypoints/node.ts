// `@behalf/core/node`: exports that need Node.

export { namesSpecialUse, type PublicFetchOptions, publicFetch } from '../oauth/requests/public-fetch.node.ts'
export type {
  DeviceLogin,
  DeviceLoginOutcome,
  DeviceLoginSettings,
} from '../sign-in/device-login/create-device-login.ts'
export type { DevicePrompt } from '../sign-in/device-login/device-authorization.ts'
export { type DeviceLoginOptions, deviceLogin } from '../sign-in/device-login/device-login.node.ts'
export type { LoginFile, LoginKey } from '../sign-in/device-login/kept-file.ts'
