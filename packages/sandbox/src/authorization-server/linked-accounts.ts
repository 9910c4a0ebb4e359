import { type ConnectOptions, TestingError } from '@behalf/testing'
import type { SandboxConnection } from './options.ts'
import type { ServerContext } from './server-context.ts'

/** Links an upstream account to a user. @returns its id in the vault */
export async function linkAccount(
  context: ServerContext,
  subject: string,
  name: string,
  { upstreamSubject, scopes }: ConnectOptions,
): Promise<string> {
  const { server, clientId, resource } = connectionOf(context, name)
  const { refreshToken } = await server.linkForVault(clientId, upstreamSubject, resource, scopes)
  const accountId = `cac_${crypto.randomUUID()}`
  const { linkedAccounts } = context.state
  const account = { accountId, connection: name, upstreamSubject, refreshToken }
  linkedAccounts.set(subject, [...(linkedAccounts.get(subject) ?? []), account])
  return accountId
}

function connectionOf({ options }: ServerContext, name: string): SandboxConnection {
  const { connections = [] } = options
  const connection = connections.find((one) => one.name === name)
  if (connection !== undefined) return connection
  throw new TestingError(
    `no connection ${JSON.stringify(name)}; there are ${connections.map((one) => one.name).join(', ')}`,
  )
}
