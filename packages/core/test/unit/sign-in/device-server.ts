import { OAuthResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { AuthorizationServer } from '../../../src/oauth/server.ts'
import type { LoginFile } from '../../../src/sign-in/device-login/kept-file.ts'

export const authorization = {
  deviceCode: 'a-device-code',
  userCode: 'BCDF-GHJK',
  verificationUri: 'https://issuer.example/device',
  expiresIn: 600,
  interval: 5,
}

export const approved = { accessToken: 'an-access-token', tokenType: 'bearer' } as const
export const refusal = (error: string, retryAfter?: number) =>
  new OAuthResponseError({ error, status: 400, ...(retryAfter !== undefined && { retryAfter }) })
export const lost = () => new TransportError('no answer in time')

/** A server that answers polls as scripted, then approves; notes when it was asked, in seconds of the fake clock. */
export function deviceServer(...answers: readonly Error[]) {
  const polls: number[] = []
  const forms: object[] = []
  const startedAt = Date.now()
  const script = [...answers]
  const server = {
    profile: oidc({ issuer: 'https://issuer.example', clientId: 'cli' }),
    grant: async (_grant: string, form: object) => {
      polls.push((Date.now() - startedAt) / 1000)
      forms.push(form)
      const next = script.shift()
      if (next !== undefined) throw next
      return approved
    },
  } as unknown as AuthorizationServer
  return { server, polls, forms }
}

/** A file of this process's memory. */
export function memoryFile(): LoginFile & { value: Uint8Array | undefined } {
  let busy: Promise<unknown> = Promise.resolve()
  const file = {
    path: '/home/ann/.config/agent/login.json',
    value: undefined as Uint8Array | undefined,
    read: async () => file.value,
    write: async (value: Uint8Array) => {
      file.value = value
    },
    remove: async () => {
      file.value = undefined
    },
    alone: <T>(_signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
      const turn = busy.then(work, work)
      busy = turn.catch(() => {})
      return turn
    },
    briefly: <T>(work: () => Promise<T>): Promise<T> => work(),
  }
  return file
}
