// `@behalf/core/node`: what needs Node.
export type {
  DeviceLogin,
  DeviceLoginOutcome,
  DeviceLoginSettings,
  DevicePrompt,
  LoginFile,
  LoginKey,
} from '../device-login/index.ts'
export { type DeviceLoginOptions, deviceLogin } from '../node/device-login.ts'
export { namesSpecialUse, type PublicFetchOptions, publicFetch } from '../node/public-fetch.ts'
