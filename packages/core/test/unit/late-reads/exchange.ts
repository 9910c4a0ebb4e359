import { type Entries, port } from '@behalf/testing/late-reads'
import { Token } from '../../../src/credential/index.ts'
import { exchangeToken } from '../../../src/entrypoints/spi.ts'
import { ann, type exchangeServer, NOW, SUBJECT_TOKEN } from '../token-exchange/exchange-server.ts'

export const exchangeEntries = (exchange: Awaited<ReturnType<typeof exchangeServer>>): Entries => ({
  exchangeToken: [
    async (watch) => {
      const options = {
        authorizationServer: port(exchange.connect()),
        identity: ann,
        subjectToken: { token: new Token(SUBJECT_TOKEN), type: 'access_token' as const, scopes: ['portfolio:read'] },
        actor: { subject: 'agent:trader' },
        resource: ['https://api.example.com/trade'],
        scopes: ['portfolio:read'],
        clock: port({ now: () => NOW }),
      }
      return watch.call(() => exchangeToken(watch.given(options)))
    },
    { scopes: ['portfolio:read'] },
  ],
})
