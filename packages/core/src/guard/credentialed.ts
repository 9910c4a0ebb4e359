import type { IssuedToken } from '../credential/index.ts'
import type { Stop } from './stop.ts'

/** A token, and whether another may take its place when an API refuses it; or why there is none. */
export type Credentialed = { readonly issued: IssuedToken; readonly cached: boolean } | Stop
