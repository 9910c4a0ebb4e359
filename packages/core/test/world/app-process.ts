import type { Watcher } from '../../src/entrypoints/watcher.ts'
import type { AuditEvent, GuardWithDelegations, Identity, UserIdentity } from '../../src/index.ts'
import type { StoreKeys } from '../../src/records/index.ts'
import type { ApprovalGate } from '../../src/resource-server/create-approval-gate.ts'
import type { ResourceServer } from '../../src/resource-server/create-resource-server.ts'
import type { Sessions } from '../../src/sign-in/sessions.ts'
import type { StoredVault } from '../../src/vault/stored/stored-vault.ts'
import type { Boot } from './bundle.ts'
import { watchEdges } from './edges.ts'
import type { Caller, Happening } from './events.ts'
import { API, APP, ISSUER, personOf } from './issuer.ts'
import type { Login } from './people.ts'
import { FILES, fileScopes } from './provider.ts'
import { type ProcessOptions, SimulatedProcess } from './simulated-process.ts'
import type { SimulatedDatabase } from './simulated-store.ts'
import { ceilingOf, type Deployed, policyOf, rolesOf, type ToolName, textOf } from './tools.ts'

/** Who acts, as the SDK verified them, and as the model knows them. */
export interface Actor {
  readonly identity: UserIdentity
  readonly caller: Caller
}

const INDEX_KEY = new Uint8Array(32).fill(4)
/** Each rotation adds a key; the newest seals, and all of them open. */
const keysOf = (rotations: number): StoreKeys => {
  const seal = Array.from({ length: rotations }, (_, number) => new Uint8Array(32).fill(100 + number)).reverse()
  return { seal: [...seal, new Uint8Array(32).fill(3)] as unknown as StoreKeys['seal'], index: INDEX_KEY }
}

/** How long a process may go on with an account that another one disconnected. */
const RECHECK_SECONDS = 10

/** The provider at which users link accounts. */
const files = {
  label: 'Files',
  clientId: 'app-at-files',
  clientSecret: 'a-secret-at-files',
  scopes: fileScopes,
  endpoints: { authorization: `${FILES}/authorize`, token: `${FILES}/token`, revocation: `${FILES}/revoke` },
  account: { from: 'answer', id: 'account' },
} as const

/** What a process of the app needs of its world. */
export interface AppWorld extends Pick<ProcessOptions, 'scheduler' | 'faults' | 'network' | 'seed'> {
  readonly database: SimulatedDatabase
  readonly deployed: readonly Deployed[]
  /** Which linked account the app names for a person. */
  readonly accounts: ReadonlyMap<string, string>
  /** How often the app's keys were rotated. */
  readonly rotations: number
  readonly asked: { readonly id: string; readonly owner: string; readonly approver: string }[]
  nextCall(): number
  note(line: string): void
  saw(what: string): void
  tell(happening: Happening): void
}

/** One process of the app: a guard, the approvers' inbox, and what is under way in it. */
export class AppProcess extends SimulatedProcess {
  readonly place: number
  readonly guard: GuardWithDelegations
  readonly inbox: (request: Request) => Promise<Response>
  readonly #world: AppWorld
  readonly #profile: ReturnType<SimulatedProcess['sdk']['oidc']>
  readonly #verified = new Map<string, Promise<UserIdentity>>()
  /** Work that was begun and has not ended, but for what hangs. */
  underWay = 0

  constructor(world: AppWorld, boot: Boot, name: string, place: number) {
    const { scheduler, faults, network, seed } = world
    super({ name, boot, scheduler, faults, network, seed })
    this.#world = world
    this.place = place
    const { sdk } = this
    watchEdges(sdk, (what) => world.saw(what))
    const store = world.database.storeOf(this)
    this.#profile = sdk.oidc({
      issuer: ISSUER,
      clientId: 'agent',
      clientSecret: 'a-client-secret',
      token: { tenant: ({ tenant }) => (typeof tenant === 'string' ? tenant : undefined) },
      exchange: { carriesAuthorizationDetails: true },
    })
    const keys = keysOf(world.rotations)
    const approvals = { pages: sdk.inAppApprovals({ notify: (asked) => this.#notified(asked) }), phone: sdk.ciba() }
    this.sessions = sdk.createSessions({ authorizationServer: this.#profile, store, keys, audience: APP })
    this.vault = sdk.storedVault({ store, keys, connections: { files }, recheckSeconds: RECHECK_SECONDS })
    this.guard = sdk.createGuard({
      delegations: sdk.delegations(),
      sessions: this.sessions,
      vault: this.vault,
      authorizationServer: this.#profile,
      agent: { name: 'agent:payer', ceiling: ceilingOf(world.deployed[place] ?? { beyondCeiling: [] }) },
      roles: {
        rolesOf: (identity: Identity) => rolesOf(identity.kind === 'user' ? personOf(identity) : undefined),
        scopesOf: () => new Set(ceilingOf({ beyondCeiling: [] })),
      },
      approvals,
      store,
      keys,
      audit: { write: (event) => this.#written(event) },
      onFault: (fault) => world.tell({ kind: 'written', words: JSON.stringify(fault) }),
    })
    this.watcher = sdk.createWatcher({
      authorizationServer: this.#profile,
      approvals,
      store,
      keys,
      everyMs: 5_000,
      onAnswer: ({ state }) => world.saw(`watcher: ${state}`),
      onFault: (fault) => world.tell({ kind: 'written', words: String(fault) }),
    })
    this.api = sdk.createResourceServer({ authorizationServer: this.#profile, audience: API })
    const memory = sdk.memoryStore()
    this.gates = [{ store: memory }, { store: memory }, { store, keys }].map((options) =>
      sdk.createApprovalGate(options),
    )
    this.inbox = sdk.inAppInbox({
      store,
      keys,
      audit: { sink: { write: (event) => this.#written(event) }, agent: 'agent:payer' },
      identityOf: async (request) => this.#signedIn.get(request.headers.get('x-signed-in') ?? ''),
    })
  }

  readonly sessions: Sessions
  readonly vault: StoredVault
  readonly watcher: Watcher
  #watches = false

  /** Follows open questions until the process is killed. */
  watch(): void {
    if (this.#watches) return
    this.#watches = true
    void this.watcher
      .run(new AbortController().signal)
      .catch((error: unknown) => this.#world.note(`${this.name} app the watcher ended: ${String(error).slice(0, 200)}`))
      .finally(() => {
        this.#watches = false
      })
  }

  /** The app's own API. */
  readonly api: ResourceServer
  /** Two over one memory store, and one over the database. */
  readonly gates: readonly ApprovalGate[]
  readonly #signedIn = new Map<string, UserIdentity>()

  /** The headers of a page on which this person is signed in. */
  signedIn({ identity }: Actor): Record<string, string> {
    const id = String(this.#signedIn.size)
    this.#signedIn.set(id, identity)
    return { 'x-signed-in': id, origin: APP, 'content-type': 'application/json' }
  }

  /** @param call - The number of the call that it is for. */
  policy(tool: ToolName, call: number) {
    const deployed = this.#world.deployed[this.place]
    if (deployed === undefined) throw new Error(`there is no process ${this.place}`)
    let made = 0
    return policyOf(this.sdk, tool, deployed, {
      random: () => `random-${this.name}-${this.#world.nextCall()}-${++made}`,
      account: (subject) => {
        const account = this.#world.accounts.get(subject)
        this.#world.tell({ kind: 'account named', call, account })
        return account
      },
    })
  }

  /** Verifies a token, as the app does at each request; once for each token, as the app's cache would. */
  verify({ token }: Login): Promise<UserIdentity> {
    const known = this.#verified.get(token)
    if (known !== undefined) return known
    const verified = this.sdk.verifyAccessToken(token, {
      authorizationServer: this.#profile,
      audience: APP,
    }) as Promise<UserIdentity>
    this.#verified.set(token, verified)
    verified.catch(() => this.#verified.delete(token))
    return verified
  }

  /** Begins work that is not waited for. A killed process never ends it. */
  begin(work: () => Promise<unknown>): void {
    this.underWay++
    void work()
      .catch((error: unknown) => this.#world.note(`${this.name} app ${String(error).slice(0, 200)}`))
      .finally(() => this.underWay--)
  }

  #notified({
    id,
    approver,
    message,
    expiresAt,
  }: {
    readonly id: string
    readonly approver: { readonly subject: string }
    readonly message: string
    readonly expiresAt: number
  }): Promise<void> {
    const text = textOf(message)
    return this.operation(
      'app',
      `notify ${approver.subject}`,
      () => {
        this.#world.asked.push({ id, owner: text.owner, approver: approver.subject })
        this.#world.tell({ kind: 'asked', question: id, approver: approver.subject, text, expiresAt })
      },
      () => new Error('the mail server is away'),
    )
  }

  #written(event: AuditEvent): void {
    if (event.type === 'approval') this.#world.saw(`state: ${event.state}`)
    const operator = event.type === 'operator' ? { operator: event.operator } : {}
    this.#world.tell({ kind: 'written', words: JSON.stringify(event), ...operator })
  }
}
