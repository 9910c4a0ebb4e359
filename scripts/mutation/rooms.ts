/** A room of core whose decisions are removed, one after the other, while its own tests run. */
export interface Room {
  readonly name: string
  /**
   * Folders of `packages/core/test/unit` whose tests must notice, with the conformance tests of the same names.
   * @default the folder with the room's name
   */
  readonly tests?: readonly string[]
  /** Minimum percentage of mutants that the tests must find. It is 70 where no run has measured it yet. */
  readonly noticed: number
}

const noticed = {
  ...{ guard: 70, vault: 70, 'authorization-server': 70, approvals: 70, fga: 70, identity: 70 },
  ...{ roles: 94, 'token-exchange': 70, 'resource-server': 70, credential: 80, ciba: 79, delegations: 70 },
  ...{ errors: 85, values: 70, records: 70, process: 70, http: 70, 'device-login': 70, revocation: 87, display: 72 },
}

/** The rooms that decide, ordered so that every sixth room gives a part of about equal work. */
export const rooms: readonly Room[] = Object.entries(noticed).map(([name, least]) => ({
  name,
  noticed: least,
  ...(name === 'approvals' && { tests: ['approvals', 'watcher'] }),
}))
