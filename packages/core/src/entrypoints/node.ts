// `@behalf/core/node`: exports that need Node.
export type { DeviceLogin, DeviceLoginOutcome, DeviceLoginSettings } from '../device-login/create-device-login.ts'
export type { DevicePrompt } from '../device-login/device-prompt.ts'
export type { LoginKey } from '../device-login/kept-file.ts'
export type { LoginFile } from '../device-login/login-file.ts'
export { type DeviceLoginOptions, deviceLogin } from '../node/device-login.ts'
export { namesSpecialUse, type PublicFetchOptions, publicFetch } from '../node/public-fetch.ts'
