// `@behalf/core/node`: what needs Node.
export type {
  DeviceLogin,
  DeviceLoginOutcome,
  DeviceLoginSettings,
  DevicePrompt,
  LoginFile,
  LoginKey,
} from '../device-login/index.ts'
export {
  type DeviceLoginOptions,
  deviceLogin,
  namesSpecialUse,
  type PublicFetchOptions,
  publicFetch,
} from '../node/index.ts'
