import { type MockClient, type MockResource, TestingError } from '@behalf/testing'
import { PROFILES, type SandboxProfile } from '../authorization-server/index.ts'
import type { SandboxEvent } from '../events/index.ts'
import type { SandboxSeed } from '../target/index.ts'

/** Options of {@link startSandbox}. */
export interface SandboxOptions {
  /** Port of the phone; the six servers use the next ports. @default 0: any free ones */
  readonly port?: number
  /** Provider whose form of roles and groups tokens have. @default 'oidc' */
  readonly profile?: SandboxProfile
  /** A SQLite file that keeps the state. It belongs to one `port`: another one is refused. @default in memory */
  readonly data?: string
  /** Further people and relations. @default Ann and Bob */
  readonly seed?: SandboxSeed
  /** Seconds between polls. @default 1 */
  readonly interval?: number
  /** Time that a question stays open if the client names none, in seconds. @default 300 */
  readonly requestSeconds?: number
  /** Source of answers: a person on their phone, or the sandbox itself. @default 'phone' */
  readonly answers?: 'phone' | 'approve' | 'deny'
  /** Time that the Stock Trade API takes for an order, in milliseconds. @default 0 */
  readonly executionMs?: number
  /** Further clients at the app's issuer. @default none */
  readonly clients?: readonly MockClient[]
  /** Further APIs at the app's issuer. @default none */
  readonly resources?: readonly MockResource[]
  /** Called for each event. @default none */
  readonly onEvent?: (event: SandboxEvent) => void
}

const KEYS = [
  'port',
  'profile',
  'data',
  'seed',
  'interval',
  'requestSeconds',
  'answers',
  'executionMs',
  'clients',
  'resources',
  'onEvent',
] as const satisfies readonly (keyof SandboxOptions)[]

const LAST_FIRST_PORT = 65_535 - 6

/** @throws TestingError An option is unknown or wrong. */
export function checkSandboxOptions(options: SandboxOptions): void {
  const known: readonly string[] = KEYS
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new TestingError(`startSandbox: unknown ${unknown.join(', ')}; known are ${KEYS.join(', ')}`)
  }
  const { port = 0, profile = 'oidc', answers = 'phone', interval = 1, requestSeconds = 300, data } = options
  if (!Number.isInteger(port) || port < 0 || port > LAST_FIRST_PORT) {
    throw new TestingError(`port: give 0, or the first of seven ports in a row, at most ${LAST_FIRST_PORT}`)
  }
  if (data !== undefined && port === 0) {
    throw new TestingError('port: give one with data, for tokens and links hold the addresses of the servers')
  }
  if (!PROFILES.includes(profile)) throw new TestingError(`profile: give one of ${PROFILES.join(', ')}`)
  if (!['phone', 'approve', 'deny'].includes(answers)) throw new TestingError('answers: give phone, approve or deny')
  if (!(interval >= 1 && interval <= 3600)) throw new TestingError('interval: give seconds, from 1 to 3600')
  if (!(requestSeconds >= 1 && requestSeconds <= 86_400)) {
    throw new TestingError('requestSeconds: give seconds, from 1 to 86400')
  }
}
