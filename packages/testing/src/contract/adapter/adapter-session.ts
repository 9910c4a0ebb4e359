import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AuditEvent,
  type Fetch,
  type Guard,
  type GuardOptions,
  memoryStore,
  type Store,
  type UserIdentity,
  verifyAccessToken,
} from '@behalf/core'
import { login, type MockServers, startMockServers } from '../../target/index.ts'
import { AGENT_RESOURCE } from '../../target/make-world.ts'
import { TestingError } from '../../testing-error.ts'
import type { AdapterReport, AdapterSubject, AdapterTurn, ModelStep, TurnStart } from './adapter-subject.ts'
import { type GuardPlan, makeGuard, profileOf } from './make-guard.ts'
import { turnElsewhere } from './other-process.ts'
import { type GuardedName, guardedTool, type PlainName, plainTool, policies } from './toolbox.ts'

/** Part of a turn that a scenario gives; the session fills in the rest. */
export interface TurnPlan {
  /** A text: the user's prompt. */
  readonly start: string | Exclude<TurnStart, { readonly kind: 'prompt' }>['kind']
  readonly identity?: UserIdentity | undefined
  readonly model?: readonly ModelStep[]
  /** @default a guard like every other */
  readonly guard?: Guard
  /** @default all */
  readonly tools?: readonly GuardedName[]
  readonly plainTools?: readonly PlainName[]
  readonly directory?: string
  readonly threadId?: string
  readonly stream?: boolean
  /** One of the subject's own `forms`. */
  readonly form?: string
  readonly signal?: AbortSignal
  /** The framework's time limit for each tool call, in milliseconds. */
  readonly toolTimeoutMs?: number
}

/** Tools that ask a person themselves. */
const asking: readonly GuardedName[] = ['wipe_safely', 'ask_carelessly']

const secretFields = ['access_token', 'id_token', 'refresh_token', 'auth_req_id', 'client_secret']

/** One world for one scenario: servers, a store, and people. */
export class AdapterSession {
  readonly servers: MockServers
  readonly subject: AdapterSubject
  readonly worker: URL | undefined
  /** Folder of the conversation, unless a turn names another. */
  readonly directory: string
  /** Errors that `onError` received. */
  readonly errors: unknown[] = []
  readonly audited: AuditEvent[] = []
  /** Tokens and request ids that crossed the wire. */
  readonly secrets = new Set<string>()
  readonly #store: Store
  readonly #plan: GuardPlan
  readonly #root = mkdtempSync(join(tmpdir(), 'behalf-adapter-'))
  #copies = 0
  #aheadMs = 0

  private constructor(subject: AdapterSubject, worker: URL | undefined, clock: SessionClock, servers: MockServers) {
    this.subject = subject
    this.worker = worker
    this.servers = servers
    this.directory = join(this.#root, 'conversation')
    mkdirSync(this.directory)
    clock.aheadMs = () => this.#aheadMs
    this.#store = memoryStore({ clock: this.clock })
    const { clientId, authentication } = servers.clients.agent
    if (!('clientSecret' in authentication)) throw new TestingError('a client with a secret was expected')
    const { apiUrl, storeId, authorizationModelId, apiToken } = servers.openFga
    const random = () => crypto.getRandomValues(new Uint8Array(32))
    this.#plan = {
      domain: new URL(servers.authorizationServer.issuer).host,
      clientId,
      clientSecret: authentication.clientSecret,
      agentName: servers.world.agentName,
      openFga: { apiUrl, storeId, authorizationModelId, apiToken },
      keys: { seal: [random()], index: random() },
    }
  }

  static async open(subject: AdapterSubject, worker: URL | undefined): Promise<AdapterSession> {
    const clock: SessionClock = { aheadMs: () => 0 }
    const servers = await startMockServers({
      algorithm: 'ES256',
      ciba: { interval: 1 },
      clock: { now: () => Date.now() + clock.aheadMs() },
    })
    return new AdapterSession(subject, worker, clock, servers)
  }

  close(): void {
    this.servers.close()
    rmSync(this.#root, { recursive: true, force: true })
  }

  readonly clock = { now: () => Date.now() + this.#aheadMs }

  /** Lets time pass. */
  pass(seconds: number): void {
    this.#aheadMs += seconds * 1000
  }

  /** Makes a guard like that of each process of the app, over the shared store. */
  guard(over: Partial<GuardOptions> = {}): Guard {
    const audit = { write: (event: AuditEvent) => void this.audited.push(event) }
    return makeGuard(this.#plan, { store: this.#store, fetch: this.#fetch, clock: this.clock }, { audit, ...over })
  }

  async login(user: 'ann' | 'bob' = 'ann'): Promise<UserIdentity> {
    const profile = profileOf(this.#plan)
    const identity = await verifyAccessToken(await this.accessToken(user), {
      authorizationServer: profile,
      audience: AGENT_RESOURCE,
      clock: this.clock,
    })
    if (identity.kind !== 'user') throw new TestingError('the access token is not of a user')
    return identity
  }

  async accessToken(user: 'ann' | 'bob'): Promise<string> {
    const profile = profileOf(this.#plan)
    const { accessToken } = await login(this.servers, {
      user,
      profile,
      clock: this.clock,
      scope: 'openid profile chat',
    })
    this.secrets.add(accessToken)
    return accessToken
  }

  /** Sends one request to the app. */
  turn(plan: TurnPlan): Promise<AdapterReport> {
    const { identity, tools = Object.keys(policies) as GuardedName[], plainTools = [] } = plan
    const { generators = false, guardedQuestions = false } = this.subject
    const possible = tools.filter(
      (name) => (generators || name !== 'watch_price') && (guardedQuestions || !asking.includes(name)),
    )
    const turn: AdapterTurn = {
      start: startOf(plan.start),
      guard: plan.guard ?? this.guard(),
      ...(identity !== undefined && { identity }),
      threadId: plan.threadId ?? 'thread-1',
      directory: plan.directory ?? this.directory,
      tools: possible.map(guardedTool),
      plainTools: plainTools.map(plainTool),
      policies,
      model: plan.model ?? [],
      stream: plan.stream ?? false,
      ...(plan.form !== undefined && { form: plan.form }),
      ...(plan.signal !== undefined && { signal: plan.signal }),
      ...(plan.toolTimeoutMs !== undefined && { toolTimeoutMs: plan.toolTimeoutMs }),
      // An app's may reject. An adapter that does not drop it has an unhandled rejection.
      onError: async (error) => {
        this.errors.push(error)
        throw new Error('the log of errors is away')
      },
    }
    return this.subject.turn(turn)
  }

  /** Sends the request in a separate process, which ends with it. */
  async turnElsewhere(plan: Pick<TurnPlan, 'start' | 'model'> & { readonly user: 'ann' | 'bob' }) {
    if (this.worker === undefined) throw new TestingError('describeAdapter: no worker was given')
    return turnElsewhere(
      this.worker,
      {
        start: startOf(plan.start),
        threadId: 'thread-1',
        directory: this.directory,
        tools: ['create_order', 'whoami'],
        model: plan.model ?? [],
        accessToken: await this.accessToken(plan.user),
        plan: this.#plan,
        aheadMs: this.#aheadMs,
      },
      { store: this.#store, fetch: this.#fetch },
    )
  }

  /** Returns the number of orders that the exchange executed. */
  async orders(portfolio = 'p-ann'): Promise<number> {
    return (await this.servers.stockTrade.controls.orders(portfolio)).length
  }

  /**
   * Returns the number of requests to place an order. The exchange carries out the requests of one idempotency key once,
   * so the orders alone do not show that a body ran twice.
   */
  async attempts(): Promise<number> {
    const requests = await this.servers.stockTrade.controls.requests()
    return requests.filter(({ endpoint }) => endpoint === 'place-order').length
  }

  /** Returns the open questions of a person, oldest first. */
  async questions(user: 'ann' | 'bob' = 'ann'): Promise<readonly string[]> {
    const requests = await this.servers.authorizationServer.controls.pendingRequests(user)
    return requests.map(({ bindingMessage = '' }) => bindingMessage)
  }

  /**
   * Answers for the person, and advances time until a poll is due.
   * @param message - @default the newest question
   */
  async answer(how: 'approve' | 'deny', message?: string): Promise<void> {
    const { controls } = this.servers.authorizationServer
    const all = await controls.pendingRequests()
    const asked = message === undefined ? all.at(-1) : all.find(({ bindingMessage }) => bindingMessage === message)
    if (asked === undefined) throw new TestingError(`no question is open${message === undefined ? '' : `: ${message}`}`)
    await controls[how](asked.authReqId)
    this.pass(2)
  }

  /** Returns a backup of the conversation: the framework's stored state at this moment. */
  copy(): string {
    this.#copies += 1
    const to = join(this.#root, `copy-${this.#copies}`)
    cpSync(this.directory, to, { recursive: true })
    return to
  }

  /** Returns a new, empty folder. */
  freshDirectory(): string {
    this.#copies += 1
    const directory = join(this.#root, `fresh-${this.#copies}`)
    mkdirSync(directory)
    return directory
  }

  /** Returns all data that the framework stores, as text. */
  persisted(directory = this.directory): string {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    return files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join('\n')
  }

  /** Observes the guard's requests and their answers, where tokens can be seen. */
  readonly #fetch: Fetch = async (input, init) => {
    const response = await fetch(input, init)
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => undefined)
    if (typeof body === 'object' && body !== null) {
      for (const [field, value] of Object.entries(body)) {
        if (secretFields.includes(field) && typeof value === 'string') this.secrets.add(value)
      }
    }
    return response
  }
}

interface SessionClock {
  aheadMs: () => number
}

function startOf(start: TurnPlan['start']): TurnStart {
  return start === 'resume' || start === 'forge' ? { kind: start } : { kind: 'prompt', text: start }
}
