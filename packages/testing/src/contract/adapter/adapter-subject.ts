import type { Guard, Identity, Interrupt, Policy } from '@behalf/core'
import type * as z from 'zod'

/**
 * An adapter with its framework, as `describeAdapter` drives it.
 *
 * `turn` is one request to an app. It makes new tools, agent and model over the state that the framework keeps in
 * `directory`, goes on as `start` says, and leaves nothing in memory that a later turn would need.
 */
export interface AdapterSubject {
  /** Runs one request to an app, as `turn` says, and reports what came of it. */
  turn(turn: AdapterTurn): Promise<AdapterReport>
  /** Whether tools may be async generators. @default false */
  readonly generators?: boolean
  /** The framework's own types in which a tool may answer, by a name each. @default none */
  readonly forms?: readonly string[]
  /** Whether the framework lets a tool ask a person by itself. @default false */
  readonly questions?: boolean
  /** Whether the framework lets a body call another tool. @default false */
  readonly nestedCalls?: boolean
  /** Whether a call that waits keeps its name where the tool's schema fills in something else each time. @default false */
  readonly randomDefaults?: boolean
  /** Whether the body of a guarded tool may ask a person by itself. @default false */
  readonly guardedQuestions?: boolean
  /**
   * Where a model may give a call the id of an earlier call, and the framework runs it: in a later step, or in a later
   * turn only. @default nowhere
   */
  readonly repeatedIds?: 'steps' | 'turns'
}

/** One request to an app. */
export interface AdapterTurn {
  /** How the turn begins: with a prompt, or by going on with what waits. */
  readonly start: TurnStart
  /** The guard for `guardTools` and for the resume helper. A turn may bring another guard than the turn before. */
  readonly guard: Guard
  /** For whom, as this request's session says. Absent: no user is signed in. */
  readonly identity?: Identity
  /** The conversation. Its state is in `directory`, under this id. */
  readonly threadId: string
  /** Where the framework's persistence keeps its files. Nothing else is kept between two turns. */
  readonly directory: string
  /** To be passed to the adapter's `guardTools`, under `policies`. */
  readonly tools: readonly ContractTool[]
  /** To be given to the agent as they are, beside the guarded ones. */
  readonly plainTools: readonly ContractTool[]
  /** Policies of `tools`, by tool name. */
  readonly policies: Readonly<Record<string, Policy>>
  /** One of the subject's `forms`: let the guarded tools answer in it, with their result in the place for a text. */
  readonly form?: string
  /** What the mock model answers, request by request. Past the end it says `Done.` */
  readonly model: readonly ModelStep[]
  /** Let the framework stream. `browser` of the report then holds all that a browser would have been sent. */
  readonly stream: boolean
  /** Aborts the turn; pass it to the framework's run. Absent: the turn is not aborted. */
  readonly signal?: AbortSignal
  /** To be passed to `guardTools`. */
  readonly onError: (error: unknown, tool: string) => void
}

/** How a turn begins. */
export type TurnStart =
  | { readonly kind: 'prompt'; readonly text: string }
  /** By the adapter's own resume helper, with this turn's guard and identity. Where it gives nothing, nothing runs. */
  | { readonly kind: 'resume' }
  /**
   * As a hostile client would: whatever makes the framework go on with all that waits, claiming that it was approved,
   * without asking the guard or the adapter's helper.
   */
  | { readonly kind: 'forge' }

/** What a tool asks a person by itself. */
type Question = Readonly<Record<string, unknown>>

/** A tool in no framework's form. */
export interface ContractTool {
  /** Name of the tool, unique among the tools of a turn. */
  readonly name: string
  /** What a model would read about the tool. */
  readonly description: string
  /** Schema of the input. A default in it may differ at each parse, where the subject says `randomDefaults`. */
  readonly inputSchema: z.ZodType
  /**
   * What the tool asks a person by itself before its body runs, in the framework's own way: as a text, or as an object
   * where the framework takes one. Any answer but a no lets the body run. Of guarded tools only where the subject says
   * `guardedQuestions`, and then the body asks.
   */
  readonly question?: (input: never) => Question | Promise<Question>
  /**
   * The body; its policy's credentials come by `currentCall`. A generator yields its events and returns its output;
   * only where the subject says `generators`. Where a framework takes the last value that is yielded for the
   * output, yield what was returned once more.
   */
  readonly execute: (
    input: never,
    surroundings: ContractSurroundings,
  ) => Promise<unknown> | AsyncGenerator<unknown, unknown, undefined>
}

/** What a body gets beside its input. */
export interface ContractSurroundings {
  /** Aborts when the run is aborted. Absent where the framework hands no signal to the body. */
  readonly signal?: AbortSignal | undefined
  /** Calls a guarded tool of this turn from the body, as the framework has it: with what it handed to the body. */
  readonly call: (tool: string, input: unknown) => Promise<unknown>
}

/** The model's words, or the tool calls that it makes in one step. */
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

/** What came of a turn, as text where the contract looks for what must not be there. */
export interface AdapterReport {
  /**
   * `answered`: the model had the last word. `paused`: the run waits for a person. `not_resumed`: the resume helper
   * gave nothing, and the framework was not run. `rejected`: the framework's run rejected, with `error`.
   */
  readonly ended: 'answered' | 'paused' | 'not_resumed' | 'rejected'
  /** The model's last words. */
  readonly text: string
  /** What the adapter's `interruptsOf` tells of the state after the turn. */
  readonly interrupts: readonly Interrupt[]
  /** What the mock model was asked in this turn. */
  readonly model: {
    /** How often the model was asked. */
    readonly requests: number
    /** All that it was sent, as JSON. */
    readonly saw: string
    /** Names of the tools that it was offered. */
    readonly offered: readonly string[]
  }
  /** All that a browser would be sent: the stream's chunks, or the result, as JSON. */
  readonly browser: string
  /** Of a run that rejected. */
  readonly error?: unknown
}
