// `@behalf/core/vault`: where upstream tokens come from, and how accounts are linked.

export type { AccountChoice, ConnectionRule } from '../contract/index.ts'
export { type ConnectionOptions, connection, type ExemptibleConnectionRule } from '../guard/connection.ts'
export type * from '../vault/account-linker.ts'
export type * from '../vault/auth0-connected-accounts.ts'
export { auth0ConnectedAccounts } from '../vault/auth0-connected-accounts.ts'
export { type Auth0TokenVaultOptions, auth0TokenVault } from '../vault/auth0-token-vault.ts'
export type { Auth0Worker } from '../vault/auth0-worker.ts'
export type {
  AccountIdPath,
  AccountSource,
  ConnectionDefinition,
  ConnectionPreset,
  RevocationRequest,
} from '../vault/connection-definition.ts'
export type * from '../vault/exchange-vault.ts'
export { exchangeVault, keycloakBroker } from '../vault/exchange-vault.ts'
export { github, googleCalendar, slack } from '../vault/presets.ts'
export type { ForgottenAccounts } from '../vault/stored-accounts.ts'
export { type Resealed, type StoredVault, type StoredVaultOptions, storedVault } from '../vault/stored-vault.ts'
export type { ChangedConnection, Vault, VaultAnswer, VaultContext, VaultRequest } from '../vault/vault.ts'
