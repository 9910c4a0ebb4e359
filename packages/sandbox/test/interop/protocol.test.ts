import { describeProtocol } from '@behalf/testing/contract'
import { sandboxTarget } from '../../src/index.ts'

describeProtocol('sandbox (oidc-provider over HTTP)', {
  capabilities: ['token-exchange', 'token-vault', 'ciba', 'authorization-details', 'id-jag', 'faults', 'request-log'],
  create: async () => ({ target: await sandboxTarget() }),
  concurrent: true,
})
