export type { Resealed } from '../lib/index.ts'
export type {
  AccountLinker,
  AccountName,
  AvailableConnection,
  CompleteAnswer,
  CompleteRequest,
  ConnectAnswer,
  ConnectRefusal,
  ConnectRequest,
  DisconnectAnswer,
  LinkedAccount,
} from './account-linker.ts'
export {
  type Auth0ConnectedAccountsOptions,
  auth0ConnectedAccounts,
  type MyAccountToken,
} from './auth0-connected-accounts.ts'
export { type Auth0TokenVaultOptions, auth0TokenVault } from './auth0-token-vault.ts'
export type { Auth0Worker } from './auth0-worker.ts'
export { connection } from './connection.ts'
export type {
  AccountIdPath,
  AccountSource,
  ConnectionDefinition,
  ConnectionPreset,
  RevocationRequest,
} from './connection-definition.ts'
export {
  type BrokerEndpoint,
  type BrokerReason,
  type ExchangeVaultOptions,
  exchangeVault,
  keycloakBroker,
} from './exchange-vault.ts'
export { github, googleCalendar, slack } from './presets.ts'
export type { ForgottenAccounts } from './stored-accounts.ts'
export { type StoredVault, type StoredVaultOptions, storedVault } from './stored-vault.ts'
export type { ChangedConnection, VaultAnswer, VaultRequest } from './vault.ts'
