/** A room of core whose guards are taken out, one after the other, while its own tests run. */
export interface Room {
  readonly name: string
  /** Folders of `packages/core/test/unit` whose tests have to notice. @default the one of the room's name */
  readonly tests?: readonly string[]
  /** Percent of the mutants that they notice, at least. 70 stands where no run has told yet; all others were measured. */
  readonly noticed: number
}

/** The rooms that decide, about alike in work from one to the next, so that every sixth makes a share of the night. */
export const rooms: readonly Room[] = [
  { name: 'guard', noticed: 70 },
  { name: 'vault', noticed: 70 },
  { name: 'authorization-server', noticed: 70 },
  { name: 'approvals', tests: ['approvals', 'watcher'], noticed: 70 },
  { name: 'fga', noticed: 70 },
  { name: 'identity', noticed: 70 },
  { name: 'roles', noticed: 94 },
  { name: 'token-exchange', noticed: 70 },
  { name: 'resource-server', noticed: 70 },
  { name: 'credential', noticed: 80 },
  { name: 'ciba', noticed: 70 },
  { name: 'delegations', noticed: 70 },
  { name: 'errors', noticed: 85 },
  { name: 'lib', noticed: 70 },
  { name: 'http', noticed: 70 },
  { name: 'device-login', noticed: 70 },
  { name: 'revocation', noticed: 70 },
  { name: 'display', noticed: 72 },
]
