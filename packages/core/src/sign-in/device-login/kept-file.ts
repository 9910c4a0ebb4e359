import * as z from 'zod/mini'
import { isSamePrincipal, ownerOf, type UserIdentity } from '../../base/contract/index.ts'
import { BehalfError, StoreError } from '../../base/errors/index.ts'
import { defined, parsedJson, sha256 } from '../../base/values/index.ts'
import type { Profile } from '../../oauth/profiles/profile.ts'
import type { TokenResponse } from '../../oauth/server.ts'
import { createSealer, type KeyMaterial, keyBytes, type Sealer } from '../../records/index.ts'
import {
  isForAudience,
  type LoginContext,
  loginOfResponse,
  pick,
  readKept,
  type StoredSession,
  storedSession,
} from '../session-login.ts'
import type { LoginPlace } from '../session-renewal.ts'

/**
 * File in which a device stores its login: one value, for its owner only. `@behalf/core/node` implements it with a
 * file.
 */
export interface LoginFile {
  /** Path to show to a person. */
  readonly path: string
  /**
   * Returns the stored value, or `undefined` if no value is stored.
   *
   * @throws ConfigurationError Others could read or write it.
   */
  read(): Promise<Uint8Array | undefined>
  /** Writes the value completely or not at all. */
  write(value: Uint8Array): Promise<void>
  /** Deletes the stored value, if there is one. */
  remove(): Promise<void>
  /** Runs `work` in one process at a time, for as long as a renewal takes. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** Runs `work` in one process at a time, while it reads and changes the file; also from within `alone`. */
  briefly<T>(work: () => Promise<T>): Promise<T>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const written = z.union([
  z.object({ v: z.literal(1), sealed: z.literal(true), value: z.string() }),
  z.object({ v: z.literal(1), sealed: z.literal(false), login: storedSession }),
])

/** A key, or a function that gets it from the system's key storage. */
export type LoginKey = KeyMaterial | (() => KeyMaterial | Promise<KeyMaterial>)

/** One login in a file. */
export interface KeptFile extends LoginPlace {
  readonly keeps: 'sealed' | 'unsealed'
  /** Replaces the stored login and returns it, if it can be read. */
  keep(login: StoredSession): Promise<StoredSession | undefined>
  /** Deletes the stored login and returns it, if it can be read. With `of`, keeps the login of another person. */
  forget(of: UserIdentity | undefined): Promise<StoredSession | undefined>
}

/**
 * Reads and writes a login in a file.
 *
 * A sealed file is trusted: only a holder of the key could have written it. From an unsealed file only the tokens are
 * used, and they must prove the user each time. With a key, an unsealed file is ignored.
 */
export function keptFile(
  file: LoginFile,
  key: LoginKey | undefined,
  profile: Profile,
  context: LoginContext & { readonly audience: readonly string[] | undefined },
): KeptFile {
  const { audience } = context
  const place = `device-login:${profile.issuer}:${profile.clientId}`
  let sealer: Promise<Sealer> | undefined
  const sealed = () =>
    (sealer ??= (async () => {
      const material = typeof key === 'function' ? await key() : key
      return createSealer([keyBytes('deviceLogin.key', material)])
    })().catch((error: unknown) => {
      // The key chain may have been locked, so the next read asks for the key again.
      sealer = undefined
      throw error
    }))

  async function read(bytes: Uint8Array | undefined): Promise<StoredSession | undefined> {
    if (bytes === undefined) return undefined
    const stored = readKept(written, jsonOf(bytes), 'device login')
    if (!stored.sealed) {
      const login = stored.login as StoredSession
      return key === undefined && isForAudience(login, audience) ? proven(login, profile, context) : undefined
    }
    if (key === undefined) throw new StoreError('wrong_key', 'the login is sealed, and no key was given to open it')
    const opened = await (await sealed()).open(place, encoder.encode(stored.value))
    return readKept(storedSession, jsonOf(opened), 'device login') as StoredSession
  }

  async function bytesOf(login: StoredSession): Promise<Uint8Array> {
    if (key === undefined) return encoder.encode(JSON.stringify({ v: 1, sealed: false, login }))
    const value = await (await sealed()).seal(place, encoder.encode(JSON.stringify(login)))
    return encoder.encode(JSON.stringify({ v: 1, sealed: true, value: decoder.decode(value) }))
  }

  const versionOf = async (bytes: Uint8Array | undefined) => (bytes === undefined ? '' : sha256(decoder.decode(bytes)))
  const ifStill = (version: string, change: () => Promise<void>): Promise<boolean> =>
    file.briefly(async () => {
      if ((await versionOf(await file.read())) !== version) return false
      await change()
      return true
    })

  /** Carries out the change, whether or not the stored login can be read. */
  const replaced = (change: () => Promise<void>, of?: UserIdentity): Promise<StoredSession | undefined> =>
    file.briefly(async () => {
      const bytes = await file.read().catch(() => undefined)
      const login = await read(bytes).catch(() => undefined)
      if (of !== undefined && login !== undefined && !isSamePrincipal(login.identity, of)) return undefined
      await change()
      return login
    })

  return {
    keeps: key === undefined ? 'unsealed' : 'sealed',
    async read() {
      const bytes = await file.read()
      const login = await read(bytes)
      // I7: a login for another API does not count here. The next login replaces it.
      if (login === undefined || !isForAudience(login, audience)) return undefined
      return { login, version: await versionOf(bytes) }
    },
    write: async (login, ifVersion) => {
      const bytes = await bytesOf(login)
      return (await ifStill(ifVersion, () => file.write(bytes))) ? versionOf(bytes) : 'conflict'
    },
    end: async (ifVersion) => ((await ifStill(ifVersion, () => file.remove())) ? 'deleted' : 'conflict'),
    alone: (signal, work) => file.alone(signal, work),
    async keep(login) {
      const bytes = await bytesOf(login)
      return replaced(() => file.write(bytes))
    },
    forget: (of) => replaced(() => file.remove(), of),
  }
}

/**
 * Returns the identity that the tokens of an unsealed file prove now. If they have expired, returns a login that must
 * be renewed.
 */
async function proven(
  kept: StoredSession,
  profile: Profile,
  context: LoginContext & { readonly audience: readonly string[] | undefined },
): Promise<StoredSession | undefined> {
  const { token, idToken, refreshToken } = kept
  const response: TokenResponse = {
    accessToken: token.value,
    tokenType: token.keyThumbprint === undefined ? 'bearer' : 'dpop',
    ...defined({ idToken, refreshToken, scopes: token.scopes }),
  }
  const { audience } = context
  // They allow less than the tokens alone, also if another party has written them: an earlier time, and an actor and a
  // session that only the id_token of the login named (I9, I10).
  const { provenAt = context.clock.now() / 1000 } = kept.identity
  const limits = pick(kept.identity, 'actor', 'sessionId')
  try {
    const login = await loginOfResponse(response, { issuer: profile.issuer, audience }, context)
    const { renewedAt, sentAt, refusals } = kept
    return {
      ...login,
      identity: { ...limits, ...login.identity, provenAt: Math.min(provenAt, login.identity.provenAt ?? provenAt) },
      ...defined({ renewedAt, sentAt, refusals }),
    }
  } catch (error) {
    if (!BehalfError.isInstance(error) || !('reason' in error)) throw error
    if (error.reason !== 'expired' || refreshToken === undefined) return undefined
    // It expired long ago, so it can only be renewed.
    const identity = { kind: 'user', ...ownerOf(kept.identity), ...limits, provenAt, expiresAt: 0, claims: {} } as const
    return { ...kept, audience, identity }
  }
}

/** @throws StoreError `corrupt` */
function jsonOf(bytes: Uint8Array): unknown {
  const json = parsedJson(bytes)
  if (json === undefined) throw new StoreError('corrupt', 'the stored login is not JSON')
  return json
}
