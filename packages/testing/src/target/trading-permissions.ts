import type { Fetch } from '@behalf/core'
import { type OpenFga, openFga } from '@behalf/core/fga'

/** Address of the mocked OpenFGA, and its store with the trading model. */
interface TradingStore {
  readonly apiUrl: string
  readonly storeId: string
  readonly authorizationModelId: string
  readonly apiToken: string
}

interface Surroundings {
  readonly clock: { now(): number }
  readonly fetch?: Fetch
}

/** The permissions of the trading model: user's right, agent's right and the delegation between them. */
export function tradingPermissions(
  { apiUrl, storeId, authorizationModelId, apiToken }: TradingStore,
  surroundings: Surroundings,
): OpenFga {
  return openFga({
    apiUrl,
    storeId,
    authorizationModelId,
    credentials: { method: 'apiToken', token: apiToken },
    relations: {
      user: (relation) => `user_${relation}`,
      agent: (relation) => `agent_${relation}`,
      delegation: 'acts_for',
    },
    ...surroundings,
  })
}
