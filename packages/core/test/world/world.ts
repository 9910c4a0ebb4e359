import { AppProcess } from './app-process.ts'
import type { Boot } from './bundle.ts'
import type { CommandOf } from './commands.ts'
import type { Bearer, Caller, Happening } from './events.ts'
import { FaultBook, SLOW_SECONDS } from './faults.ts'
import { API, ISSUER, Issuer, LEDGER } from './issuer.ts'
import { Model } from './model.ts'
import { type Handler, networkOf } from './network.ts'
import { People } from './people.ts'
import { Phones } from './phones.ts'
import { FILES, Provider } from './provider.ts'
import { type Random, randomOf } from './random.ts'
import { Scheduler, START } from './scheduler.ts'
import { SimulatedDatabase } from './simulated-store.ts'
import { type Deployed, firstDeploy } from './tools.ts'

/** A run in doubt, as the app was told of it. */
export interface InDoubt {
  readonly run: string
  readonly key: string
  readonly owner: string
}

/** A login that the app keeps: the secret name of its session, and which answer of the issuer is in it. */
export interface KeptSession {
  readonly kept: string
  readonly id: string
  readonly caller: Caller
}

const PROCESSES = 3

/** The log has them in other words. */
const unnoted: ReadonlySet<Happening['kind']> = new Set(['token issued', 'trouble', 'was slow'])

/** Everything outside of the SDK: time, servers, a database, people, and the processes of the app. */
export class World {
  readonly log: string[] = []
  readonly model = new Model()
  readonly faults = new FaultBook({
    begins: (what, process) => this.erred(what, process),
    wasSlow: (process) => this.tell({ kind: 'was slow', process, seconds: SLOW_SECONDS }),
  })
  readonly scheduler: Scheduler
  readonly random: Random
  readonly issuer: Issuer
  readonly phones: Phones
  readonly provider: Provider
  readonly database: SimulatedDatabase
  readonly people: People
  readonly network: Handler
  readonly seed: string
  readonly #boot: Boot
  readonly #processes: (AppProcess | undefined)[] = []
  #started = 0
  #calls = 0
  #operators = 0
  #repeats = 0
  /** What an approver, an owner and an operator know. */
  readonly inDoubt: InDoubt[] = []
  readonly asked: { readonly id: string; readonly owner: string; readonly approver: string }[] = []
  /** Calls whose callers got no answer: they left, or were told to come back. */
  readonly unanswered: CommandOf<'call'>[] = []
  readonly jobs: {
    readonly id: string
    readonly owner: string
    readonly provenAt: number
    readonly session: string
  }[] = []
  readonly kept: KeptSession[] = []
  readonly #approved = new Map<string, string>()
  readonly #shown = new Map<string, { readonly id: string; readonly answerToken: string }[]>()
  /** How the calls ended so far. */
  readonly outcomes: { readonly subject: string; readonly status: string; readonly why: string }[] = []
  readonly #subjectOf = new Map<number, string>()
  /** What was seen, for the coverage. */
  readonly seen = new Map<string, number>()
  /** The call of each request to the API, by the number in its header, and how the API answers it. */
  readonly answers = new Map<number, number>()
  /** Calls whose first token the API does not take. */
  readonly refusedOnce = new Set<number>()
  readonly deployed: Deployed[]
  rotations = 0
  /** Which linked account the app names for a person. */
  readonly accounts = new Map<string, string>()
  /** Runs that calls were told of, and whose. */
  readonly runs = new Map<string, string>()

  constructor(boot: Boot, seed: string) {
    this.#boot = boot
    this.seed = seed
    const first = randomOf(`${seed} deployed`)
    this.deployed = Array.from({ length: PROCESSES }, () => firstDeploy(first))
    this.random = randomOf(`${seed} schedule`)
    this.scheduler = new Scheduler(this.random, (line) => this.note(line))
    const now = () => this.scheduler.now
    const observer = {
      issued: (token: string) => this.tell({ kind: 'token issued', token }),
      used: (token: string) => this.tell({ kind: 'refresh token used', token }),
      erred: (fault: string) => this.erred(`fault: ${fault}`),
    }
    this.issuer = new Issuer(now, observer)
    this.provider = new Provider(observer)
    this.phones = new Phones(this.issuer, (happening) => this.tell(happening))
    this.issuer.phones = this.phones
    this.database = new SimulatedDatabase(now)
    this.people = new People(this.issuer)
    this.network = networkOf({
      [new URL(ISSUER).host]: this.issuer.handle,
      [new URL(API).host]: (request) => this.#api(request, (token) => this.issuer.whatIs(token)),
      [new URL(LEDGER).host]: (request) => this.#api(request, (token) => this.issuer.whatIs(token)),
      [new URL(FILES).host]: (request) =>
        this.provider.handle(request) ?? this.#api(request, (token) => this.provider.whatIs(token)),
    })
  }

  /** Seconds since the beginning, and what happened. */
  note(line: string): void {
    this.log.push(`${((this.scheduler.now - START) / 1000).toFixed(3)} ${line}`)
  }

  saw(what: string): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + 1)
  }

  /** Something outside of the SDK failed. @param process - The one that is late for it. */
  erred(what: string, process?: string, seconds?: number): void {
    this.saw(what)
    this.tell({ kind: 'trouble', ...(process !== undefined && { process }), ...(seconds !== undefined && { seconds }) })
  }

  tell(happening: Happening): void {
    const before = this.model.unjustified.length
    if (!unnoted.has(happening.kind)) this.note(`* ${JSON.stringify(withoutWords(happening))}`)
    if (happening.kind === 'called') this.#subjectOf.set(happening.call, happening.caller.subject)
    if (happening.kind === 'outcome') {
      const subject = this.#subjectOf.get(happening.call) ?? ''
      this.outcomes.push({ subject, status: happening.status, why: happening.words.slice(0, 2000) })
    }
    this.model.observe({ at: this.scheduler.now / 1000, ...happening })
    for (const { promise, why } of this.model.unjustified.slice(before)) this.note(`!!! ${promise}: ${why}`)
  }

  /** A token that was approved for a payment of this amount. Made once. */
  approvedToken(who: string, amount: number, which: number): string {
    const name = `${who} ${amount} ${which}`
    const token = this.#approved.get(name) ?? this.people.approved(who, amount)
    this.#approved.set(name, token)
    return token
  }

  /** The questions that a session was shown. */
  shownTo(session: string): { readonly id: string; readonly answerToken: string }[] {
    const shown = this.#shown.get(session) ?? []
    this.#shown.set(session, shown)
    return shown
  }

  nextCall(): number {
    return ++this.#calls
  }

  nextRepeat(): number {
    return ++this.#repeats
  }

  nextOperator(): number {
    return ++this.#operators
  }

  /** The process in a place; a dead one is started again. */
  process(place: number): AppProcess {
    const found = this.#processes[place]
    if (found?.isAlive) return found
    const name = `p${place + 1}.${++this.#started}`
    const started = new AppProcess(this, this.#boot, name, place)
    this.#processes[place] = started
    return started
  }

  /** Those that are alive. */
  alive(): readonly AppProcess[] {
    return this.#processes.filter((process) => process?.isAlive === true) as AppProcess[]
  }

  kill(place: number): void {
    const found = this.#processes[place]
    if (found?.isAlive !== true) return
    found.kill()
    this.erred('fault: kill')
    this.tell({ kind: 'died', process: found.name })
  }

  /** An API: it takes what comes, and answers as the call's plan says. */
  #api({ headers, method }: Parameters<Handler>[0], whatIs: (token: string) => Bearer | undefined): Response {
    const call = Number(headers.get('x-call'))
    const token = headers.get('authorization')?.replace(/^Bearer /, '') ?? ''
    const bearer = whatIs(token)
    const isRefused = this.refusedOnce.delete(call)
    const status = isRefused ? 401 : (this.answers.get(call) ?? 200)
    this.tell({
      kind: 'sent',
      call,
      method,
      bearer: bearer ?? { subject: 'unknown', audience: 'nothing', scopes: [] },
      ...(status !== 0 && { status }),
    })
    if (status === 0) throw new TypeError('the connection broke')
    // A recent login is wanted.
    const error = isRefused ? 'error="invalid_token"' : 'error="insufficient_user_authentication", max_age="60"'
    const more = { 'www-authenticate': `Bearer ${error}` }
    return new Response(null, { status, ...(status === 401 && { headers: more }) })
  }
}

function withoutWords(happening: Happening): object {
  const { words: _, ...rest } = happening as Happening & { readonly words?: string }
  return rest
}
