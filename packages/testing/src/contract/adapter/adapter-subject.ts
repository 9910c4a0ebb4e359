import type { Guard, Identity, Interrupt, Policy } from '@behalf/core'
import type * as z from 'zod'

/**
 * An adapter with its framework, as `describeAdapter` drives it.
 *
 * `turn` is one request to an app. It makes new tools, agent and model over the state that the framework keeps in
 * `directory`, and continues as `start` says. It leaves nothing in memory that a later turn would need.
 */
export interface AdapterSubject {
  /** Runs one request to an app, as `turn` says, and reports the result. */
  turn(turn: AdapterTurn): Promise<AdapterReport>
  /** Whether tools may be async generators. @default false */
  readonly generators?: boolean
  /** The framework's own types in which a tool may answer, by a name each. @default none */
  readonly forms?: readonly string[]
  /** Whether the framework lets a tool itself ask a person. @default false */
  readonly questions?: boolean
  /** Whether the framework lets a body call another tool. @default false */
  readonly nestedCalls?: boolean
  /** Whether a waiting call keeps its id if the tool's schema fills in another value each time. @default false */
  readonly randomDefaults?: boolean
  /** Whether the body of a guarded tool may itself ask a person. @default false */
  readonly guardedQuestions?: boolean
  /**
   * Place where a model may give a call the id of an earlier call, and the framework runs it: in a later step, or only
   * in a later turn.
   * @default nowhere
   */
  readonly repeatedIds?: 'steps' | 'turns'
  /**
   * Whether the framework itself ends the promise of a tool's code at an abort, so that its result is never known.
   * @default false
   */
  readonly losesResults?: boolean
  /** Whether the framework has a time limit for each tool call, as {@link AdapterTurn.toolTimeoutMs}. @default false */
  readonly toolTimeouts?: boolean
}

/** One request to an app. */
export interface AdapterTurn {
  /** Start of the turn: a prompt, or the continuation of a paused run. */
  readonly start: TurnStart
  /** The guard for `guardTools` and for the resume helper. A turn may bring another guard than the turn before. */
  readonly guard: Guard
  /** Identity of this request's session. Absent: no user is signed in. */
  readonly identity?: Identity
  /** The conversation. Its state is in `directory`, under this id. */
  readonly threadId: string
  /** Folder of the framework's persistence. Nothing else is kept between two turns. */
  readonly directory: string
  /** Tools to pass to the adapter's `guardTools`, under `policies`. */
  readonly tools: readonly ContractTool[]
  /** Tools to give to the agent unchanged, in addition to the guarded ones. */
  readonly plainTools: readonly ContractTool[]
  /** Policies of `tools`, by tool name. */
  readonly policies: Readonly<Record<string, Policy>>
  /** One of the subject's `forms`: the guarded tools must answer in it, with their result in place of a text. */
  readonly form?: string
  /** Answers of the mock model, request by request. After the last one, it says `Done.` */
  readonly model: readonly ModelStep[]
  /** Let the framework stream. `browser` of the report then holds all that a browser would have been sent. */
  readonly stream: boolean
  /** Aborts the turn; pass it to the framework's run. Absent: the turn is not aborted. */
  readonly signal?: AbortSignal
  /**
   * The framework's time limit for each tool call, in milliseconds. Only if the subject has `toolTimeouts`. Absent: the
   * framework's default.
   */
  readonly toolTimeoutMs?: number
  /** Callback to pass to `guardTools`. */
  readonly onError: (error: unknown, tool: string) => void
}

/** Start of a turn. */
export type TurnStart =
  | { readonly kind: 'prompt'; readonly text: string }
  /**
   * Continues by the adapter's own resume helper, with this turn's guard and identity. If it returns nothing, nothing
   * runs.
   */
  | { readonly kind: 'resume' }
  /**
   * Continues as a hostile client would: makes the framework resume all waiting calls, with a claim that they were
   * approved, without the guard or the adapter's helper.
   */
  | { readonly kind: 'forge' }

/** A question that a tool itself asks a person. */
type Question = Readonly<Record<string, unknown>>

/** A tool in no framework's form. */
export interface ContractTool {
  /** Name of the tool, unique among the tools of a turn. */
  readonly name: string
  /** Description of the tool, for a model. */
  readonly description: string
  /** Schema of the input. If the subject has `randomDefaults`, a default in it may differ at each parse. */
  readonly inputSchema: z.ZodType
  /**
   * Returns the tool's own question to a person before its body runs, in the framework's way: as text, or as an object
   * if the framework takes one. Any answer except a denial lets the body run. For guarded tools only if the subject has
   * `guardedQuestions`; then the body asks.
   */
  readonly question?: (input: never) => Question | Promise<Question>
  /**
   * Body of the tool; `currentCall` returns its policy's credentials. A generator yields its events and returns its
   * output; only if the subject has `generators`. If a framework uses the last yielded value as the output, yield the
   * returned value once more.
   */
  readonly execute: (
    input: never,
    surroundings: ContractSurroundings,
  ) => Promise<unknown> | AsyncGenerator<unknown, unknown, undefined>
}

/** Values that a body gets besides its input. */
export interface ContractSurroundings {
  /** Aborts when the run is aborted. Absent if the framework passes no signal to the body. */
  readonly signal?: AbortSignal | undefined
  /**
   * Calls a guarded tool of this turn from the body, in the framework's way: with the values that it passed to the
   * body.
   */
  readonly call: (tool: string, input: unknown) => Promise<unknown>
}

/** Text of the model, or the tool calls that it makes in one step. */
export type ModelStep = string | readonly ScriptedCall[]

/** A tool call that the mock model makes. */
export interface ScriptedCall {
  /** Id that the model gives to the call. Scenarios repeat ids where the subject's `repeatedIds` allows it. */
  readonly id: string
  /** Name of the called tool. */
  readonly tool: string
  /** The arguments as the model writes them, before a schema parses them. */
  readonly input: unknown
}

/** Result of a turn. Parts in which the contract searches for forbidden content are text. */
export interface AdapterReport {
  /**
   * End of the turn. `answered`: the model gave the last answer. `paused`: the run waits for a person. `not_resumed`:
   * the resume helper returned nothing, and the framework was not run. `rejected`: the framework's run rejected, with
   * `error`.
   */
  readonly ended: 'answered' | 'paused' | 'not_resumed' | 'rejected'
  /** The model's last words. */
  readonly text: string
  /** Interrupts that the adapter's `interruptsOf` finds in the state after the turn. */
  readonly interrupts: readonly Interrupt[]
  /** Requests to the mock model in this turn. */
  readonly model: {
    /** Number of requests to the model. */
    readonly requests: number
    /** All that it was sent, as JSON. */
    readonly saw: string
    /** Names of the tools that it was offered. */
    readonly offered: readonly string[]
  }
  /** All that a browser would be sent: the stream's chunks, or the result, as JSON. */
  readonly browser: string
  /**
   * Time at which the run of each replayed result began, in epoch seconds: of the results that the adapter shows to the
   * app as those of earlier runs. In any order.
   */
  readonly replayed: readonly number[]
  /** Error of a run that rejected. */
  readonly error?: unknown
}
