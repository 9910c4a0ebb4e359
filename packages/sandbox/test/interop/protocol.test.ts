import { describeProtocol } from '@behalf/testing/contract'
import { startSandbox } from '../../src/index.ts'

// The sandbox as people run it, pages included; sandboxTarget() is a part of it.
describeProtocol('sandbox (oidc-provider over HTTP)', {
  capabilities: ['token-exchange', 'token-vault', 'ciba', 'authorization-details', 'id-jag', 'faults', 'request-log'],
  create: async () => {
    const { target, close } = await startSandbox()
    return { target: { ...target, close } }
  },
  concurrent: true,
})
