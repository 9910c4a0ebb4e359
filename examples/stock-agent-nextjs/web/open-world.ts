import { type Sandbox, type SandboxOptions, startSandbox } from '@behalf/sandbox'
import type { KeptData } from './keep-data.ts'

const SUPERVISOR = 'sue'
const MANDATE_DAYS = 30

/**
 * Opens the sandbox with two more people: Cleo, whose agent may trade up to 5,000 shares, and who lets the app approve
 * orders for her; and Sue, who supervises the accounts.
 */
export function openWorld(options: SandboxOptions = {}): Promise<Sandbox> {
  const expires_at = new Date(Date.now() + MANDATE_DAYS * 86_400_000).toISOString()
  const unexpired = { name: 'unexpired', context: { expires_at } }
  const mandate = { expires_at, max_amount: 5_000, symbols: ['AAPL', 'MSFT'], sides: ['buy', 'sell'] }
  return startSandbox({
    ...options,
    seed: {
      users: [
        // Sue approves in the app, so the exchange must trust the app's statement alone.
        { subject: 'cleo', name: 'Cleo Carter', cash: 1_000_000, agent: false, trustedClients: ['stock-agent'] },
        { subject: SUPERVISOR, name: 'Sue Summers', agent: false },
      ],
      tuples: [
        { user: 'user:cleo', relation: 'acts_for', object: 'agent:trader', condition: unexpired },
        { user: 'agent:trader', relation: 'agent_viewer', object: 'portfolio:p-cleo', condition: unexpired },
        {
          user: 'agent:trader',
          relation: 'agent_trader',
          object: 'portfolio:p-cleo',
          condition: { name: 'within_mandate', context: mandate },
        },
      ],
    },
  })
}

/** Returns the environment by which the app finds a sandbox. */
export function environmentOf(
  { settings }: Sandbox,
  { origin, directory, keys }: Pick<KeptData, 'directory' | 'keys'> & { readonly origin: string },
): Readonly<Record<string, string>> {
  return {
    APP_ORIGIN: origin,
    ISSUER: settings.issuer,
    CLIENT_ID: settings.clientId,
    CLIENT_SECRET: settings.clientSecret,
    AGENT_AUDIENCE: settings.agentResource,
    AGENT_NAME: settings.agentName,
    STOCK_TRADE_API: settings.api.origin,
    STOCK_TRADE_SUPERVISOR: SUPERVISOR,
    FGA_API_URL: settings.openFga.apiUrl,
    FGA_STORE_ID: settings.openFga.storeId,
    FGA_MODEL_ID: settings.openFga.authorizationModelId,
    FGA_API_TOKEN: settings.openFga.credentials.token,
    ACCOUNTS_ISSUER: settings.upstreamIssuer,
    ACCOUNTS_CLIENT_ID: settings.accountsClient.clientId,
    ACCOUNTS_CLIENT_SECRET: settings.accountsClient.clientSecret,
    DATA_DIRECTORY: directory,
    REPORTS_URL: settings.reports.url,
    REPORTS_KEY: settings.reports.key,
    SEAL_KEY: keys.seal,
    INDEX_KEY: keys.index,
  }
}
