export { namesSpecialUse } from '../lib/index.ts'
export { type DeviceLoginOptions, deviceLogin } from './device-login.ts'
export { configurationFolder, loginFile } from './login-file.ts'
export { type PublicFetchOptions, publicFetch } from './public-fetch.ts'
