/**
 * What a simulated process runs: the whole of core, and the schemas that its tools are made of. Bundled into one script
 * and evaluated once for each simulated process, so that no two of them share module scope.
 */

export { ciba } from '../../src/entrypoints/ciba.ts'
export { delegations } from '../../src/entrypoints/delegations.ts'
export { inAppApprovals, inAppInbox } from '../../src/entrypoints/http.ts'
export { createSessions } from '../../src/entrypoints/identity.ts'
export { oidc } from '../../src/entrypoints/providers.ts'
export { createApprovalGate, createResourceServer } from '../../src/entrypoints/resource-server.ts'
export { StoreError } from '../../src/entrypoints/spi.ts'
export { connection, storedVault } from '../../src/entrypoints/vault.ts'
export { createWatcher } from '../../src/entrypoints/watcher.ts'
export { createGuard, HadNoEffect, memoryStore, policy, resource, verifyAccessToken } from '../../src/index.ts'
export { RunStore } from '../../src/runs/run-store.ts'
export { z }

import * as z from 'zod/mini'
