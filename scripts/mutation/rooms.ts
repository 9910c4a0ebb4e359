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
  ...{ permissions: 70, 'sign-in': 70, vault: 70, oauth: 70, runs: 70, guard: 70, base: 70, identity: 70 },
  ...{ 'resource-server': 70, records: 70, credential: 80, delegations: 70, 'token-exchange': 70, ciba: 79 },
}
/** How the names of conformance tests begin, where that is not the room's name. */
const suites = { oauth: 'authorization-server', permissions: 'fga', 'sign-in': 'device-login', records: 'revocation' }

/** The rooms that decide, ordered so that every sixth room gives a part of about equal work. */
export const rooms: readonly Room[] = Object.entries(noticed).map(([name, least]) => ({
  name,
  noticed: least,
  ...(name in suites && { tests: [name, suites[name as keyof typeof suites]] }),
}))
