/**
 * What a simulated process runs: the whole of core, and the schemas that its tools are made of. Bundled into one script
 * and evaluated once for each simulated process, so that no two of them share module scope.
 */

export { ciba } from '../../src/doors/ciba.ts'
export { delegations } from '../../src/doors/delegations.ts'
export { inAppApprovals, inAppInbox } from '../../src/doors/http.ts'
export { createSessions } from '../../src/doors/identity.ts'
export { oidc } from '../../src/doors/providers.ts'
export { createApprovalGate, createResourceServer } from '../../src/doors/resource-server.ts'
export { StoreError } from '../../src/doors/spi.ts'
export { connection, storedVault } from '../../src/doors/vault.ts'
export { createWatcher } from '../../src/doors/watcher.ts'
export { createGuard, HadNoEffect, memoryStore, policy, resource, verifyAccessToken } from '../../src/index.ts'
export { z }

import * as z from 'zod/mini'
