import type { UserIdentity } from '@behalf/core'
import { type ProtocolTarget, signIn } from '@behalf/testing'
import { roleShapeOf, type SandboxProfile } from '../authorization-server/index.ts'
import { createConsole, reportsOf } from '../console/index.ts'
import { openData } from '../data/index.ts'
import { createEventHub, type SandboxEvent } from '../events/index.ts'
import { fetchListener } from '../http/fetch-listener.ts'
import { listen } from '../http/listen.ts'
import { createPageSessions } from '../pages/index.ts'
import { createPhone, openQuestionBook } from '../phone/index.ts'
import { checkSeed, openTarget } from '../target/index.ts'
import { answerControl } from './control.ts'
import { explainRoles } from './explain-roles.ts'
import { createFaults, type SandboxFault } from './faults.ts'
import { guardOptionsOf, type SandboxGuardOptions } from './guard-options.ts'
import { checkSandboxOptions, type SandboxOptions } from './options.ts'
import { peopleOf, personOf, type SandboxPerson } from './people.ts'
import { type SandboxSettings, secretsOf, settingsOf } from './settings.ts'

/** A running sandbox. */
export interface Sandbox {
  /**
   * The servers, with clients, users and controls: an argument for `profileOf`, `login` and `signIn` of
   * `@behalf/testing`.
   */
  readonly target: ProtocolTarget
  /** Provider whose form of roles and groups the tokens have. */
  readonly profile: SandboxProfile
  /** People who may sign in. */
  readonly people: readonly SandboxPerson[]
  /** The pages on which users answer questions. */
  readonly phone: {
    readonly origin: string
    /**
     * Returns a link that opens a user's phone in a browser. Anyone who has it can answer for that user. A program
     * answers with `fault('approve')` or `fault('deny')`.
     *
     * @throws TestingError There is no such user.
     */
    urlOf(subject: string): string
  }
  /**
   * A link that opens the console in a browser: each call of a guard with `guardOptions` or the printed settings, and
   * the requests that the servers received. Anyone who has it sees the calls of all users.
   */
  readonly consoleUrl: string
  /** All that an app needs: addresses, the agent's client, OpenFGA, and a client at the upstream to connect accounts by. */
  readonly settings: SandboxSettings
  /**
   * Options of `createGuard` for the sandbox's agent: its issuer, OpenFGA, roles, vault, CIBA to the phones, and
   * reports to the console.
   */
  readonly guardOptions: SandboxGuardOptions
  /**
   * Signs a user in without a browser.
   *
   * @returns the verified identity, which a guard of these options accepts
   * @throws TestingError There is no such user.
   */
  signIn(subject: string): Promise<UserIdentity>
  /** Calls the listener with each event from now on. @returns a function that ends it */
  onEvent(listener: (event: SandboxEvent) => void): () => void
  /**
   * Sets a fault, or removes it: `off`. `approve` and `deny` answer the newest open question; if none is open, the next
   * one.
   *
   * @param question - The open question that is meant: its message, or its name in the events. With a user: the newest
   *   one of this user, or the user's next one. @default the newest one of any user
   * @returns what happened to which question, or what will happen, in words
   * @throws TestingError There is no such fault or user, this question is not open, or the fault is for no question.
   */
  fault(name: SandboxFault, question?: string | { readonly user: string }): Promise<string>
  /** Stops the servers, and closes open connections. A second call has no effect. */
  close(): Promise<void>
}

/**
 * Starts a whole sandbox in this process, on free loopback ports: three issuers with login and consent pages, OpenFGA,
 * the Stock Trade API, and a phone for each user to approve on.
 *
 * Binds to 127.0.0.1 only, over plain http. Any redirect URI on loopback is taken, so an app under development needs
 * no registration.
 *
 * @throws TestingError An option is unknown or wrong, `data` is no file of a sandbox, or `NODE_ENV` is `production`.
 * @example
 * ```ts
 * import { startSandbox } from '@behalf/sandbox'
 *
 * const sandbox = await startSandbox()
 * console.log(sandbox.target.authorizationServer.issuer, sandbox.phone.urlOf('ann'))
 * await sandbox.close()
 * ```
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  return openSandbox(options)
}

interface Closable {
  close(): void | Promise<void>
}

/** Starts it for a separate process, with a key by which another process controls it. */
export async function openSandbox(given: SandboxOptions, controlKey?: string): Promise<Sandbox> {
  checkSandboxOptions(given)
  const { onEvent, ...plain } = given
  // Copied, because a test may reuse the same objects for its next sandbox.
  const options = structuredClone(plain)
  const { port = 0, profile = 'oidc', interval = 1, requestSeconds = 300, executionMs = 0 } = options
  const { clients = [], resources = [], answers = 'phone' } = options
  const seed = checkSeed(options.seed ?? {})
  const phoneAt = await listen(port)
  const data =
    options.data === undefined
      ? undefined
      : await orClose([phoneAt], async () => openData(options.data as string, port))
  const events = createEventHub()
  if (onEvent !== undefined) events.listen(onEvent)
  const book = openQuestionBook(events, data?.shelf('phone'))
  const target = await orClose([phoneAt, data], () =>
    openTarget(
      { interval, executionMs, clients, resources },
      { events, firstPort: port === 0 ? 0 : port + 1, roles: roleShapeOf(profile), seed, requestSeconds, data },
    ),
  )
  const people = peopleOf(target, seed)
  const { controls } = target.authorizationServer
  const sessions = createPageSessions(data?.shelf('phone'))
  const phone = createPhone({
    origin: phoneAt.origin,
    controls,
    events,
    book,
    sessions,
    nameOf: (subject) => people.find((person) => person.subject === subject)?.name,
    quote: (symbol) => quoteOf(target, symbol),
  })
  const fault = createFaults(target, { people, events, answers: answers === 'phone' ? undefined : answers })
  const reports = reportsOf(phoneAt.origin, sessions)
  const settings = settingsOf(target, { phone: phoneAt.origin, profile, people, reports })
  const secrets = [...secretsOf(settings), ...(controlKey === undefined ? [] : [controlKey])]
  const callConsole = createConsole({
    origin: phoneAt.origin,
    events,
    sessions,
    secrets,
    explainRoles: explainRoles({ authorizationServer: settings.issuer, target, options: () => guardOptions }),
  })
  phoneAt.serve(
    fetchListener(phoneAt.origin, async (request) =>
      controlKey !== undefined && new URL(request.url).pathname === '/control'
        ? answerControl(request, { key: controlKey, settings, target, fault })
        : ((await callConsole.handle(request)) ?? phone.handle(request)),
    ),
  )
  const guardOptions = guardOptionsOf(settings, { reporters: callConsole.reporters, explain: target.explain })
  let closing: Promise<void> | undefined
  const close = async () => {
    await Promise.all([phoneAt.close(), target.close()])
    // Checked before the file is opened: a question that expires later cannot be stored.
    events.end()
    data?.close()
  }
  return {
    target,
    profile,
    people,
    phone: { origin: phoneAt.origin, urlOf: (subject) => phone.urlOf(personOf(people, subject).subject) },
    consoleUrl: callConsole.url,
    settings,
    guardOptions,
    async signIn(subject) {
      personOf(people, subject)
      const identity = await signIn(target, { user: subject, profile: guardOptions.authorizationServer })
      // The login page asks the next browser for its user.
      await controls.signInAs(undefined)
      return identity
    },
    onEvent: events.listen,
    fault,
    close() {
      closing ??= close()
      return closing
    },
  }
}

async function orClose<T>(opened: readonly (Closable | undefined)[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    for (const one of opened) await one?.close()
    throw error
  }
}

async function quoteOf({ api }: ProtocolTarget, symbol: string): Promise<number | undefined> {
  const response = await fetch(`${api.origin}/prices/${encodeURIComponent(symbol)}`)
  const body = (await response.json()) as { readonly price?: unknown }
  return response.ok && typeof body.price === 'number' ? body.price : undefined
}
