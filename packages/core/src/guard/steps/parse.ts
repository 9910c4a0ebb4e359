import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from '../../base/contract/index.ts'
import { type Eventually, whenKnown } from '../../base/process/async.ts'
import { equalJson, meansSame, missingIn, type Snapshot, snapshot } from '../../base/values/index.ts'
import type { ComparedInput } from '../../runs/binding.ts'
import type { RunStore } from '../../runs/run-store.ts'
import type { IncomingCall, ParsedCall } from '../call/call.ts'
import type { Finding } from '../call/call-report.ts'
import { deny, type Refusal } from '../call/refusal.ts'

/** Result of the step. */
interface Inputs {
  readonly input: Json
  readonly rawInput: Json
}

type Parsed = Finding<Inputs> | Refusal

type ParsedInput = { readonly raw: Json; readonly input: Json } | { readonly problem: string }

type Result = StandardSchemaV1.Result<unknown>

/**
 * Checks that the input is plain JSON and fits the schema. Synchronous if the schema is.
 *
 * @param maxInputBytes - Largest input, and largest output of the schema.
 */
export function parse({ invocation, policy }: IncomingCall, maxInputBytes: number): Eventually<Parsed> {
  const { input, rawInput } = invocation
  // Copied before the wait for the schema, as the input is, and only once.
  const written = rawInput === undefined || rawInput === input ? undefined : snapshot(rawInput, maxInputBytes)
  return whenKnown(parseInput(policy.schema, input, maxInputBytes), (parsed) => withRawInput(parsed, written))
}

/** Parses the input that is stored with a run: it replaces the input of this call (A12). */
export async function parseStored(
  { policy }: IncomingCall,
  input: Json,
  maxInputBytes: number,
): Promise<Finding<Pick<Inputs, 'input'>> | Refusal> {
  const parsed = await parseInput(policy.schema, input, maxInputBytes)
  if ('problem' in parsed || !equalJson(parsed.input, input)) {
    return deny('invalid_input', 'the schema refuses the stored input of this run: use another slot')
  }
  // The parsed copy is frozen; what was read from the store is not (A10).
  return { facts: { input: parsed.input }, detail: 'replaced by the stored input' }
}

/**
 * Returns the input by which equal calls are found. A field that the schema fills in differently each time, such as a
 * random default or the time, does not count: the same arguments under another slot are an equal call (A13, A14).
 */
export async function comparedInput(call: ParsedCall, runStore: Pick<RunStore, 'storeNow'>): Promise<ComparedInput> {
  const { policy, input, rawInput, invocation } = call
  if (equalJson(input, rawInput)) return { input }
  const again = () => parseInput(policy.schema, rawInput)
  // An adapter's input may differ from the schema's output for the raw input, if the arguments were edited.
  const one = invocation.rawInput === undefined ? { input } : await again()
  // Parsed again in the next millisecond, since a schema may fill in the time. On Workers, the clock stands still until
  // code has waited for I/O, so the store is asked: https://developers.cloudflare.com/workers/runtime-apis/performance.
  // A timer does not work: a test may have replaced it with one that never fires.
  const before = Date.now()
  await runStore.storeNow()
  for (let turn = 0; Date.now() === before && turn < 50_000; turn++) await undefined
  const other = await again()
  if ('problem' in one || 'problem' in other) return { input }
  const varying: string[][] = []
  return { input: lasting(input, one.input, other.input, (path) => varying.push(path)), varying }
}

/** Puts `null` for the values, at any depth, that two parses of one input give differently, and tells their paths. */
function lasting(input: Json, one: unknown, other: unknown, tell: (path: string[]) => void): Json {
  if (equalJson(one as Json, other as Json)) return input
  if (typeof input !== 'object' || input === null) {
    tell([])
    return null
  }
  const [first, second] = [one, other] as readonly (Readonly<Record<string, unknown>> | null | undefined)[]
  const values = Object.entries(input).map(([key, value]) => {
    return [key, lasting(value, first?.[key], second?.[key], (path) => tell([key, ...path]))] as const
  })
  return Object.fromEntries(values)
}

function withRawInput(parsed: ParsedInput, written: Snapshot | undefined): Parsed {
  if ('problem' in parsed) return deny('invalid_input', parsed.problem)
  const { input, raw } = parsed
  const isProblem = written !== undefined && 'problem' in written
  if (isProblem && written.isTooLarge === true) return deny('invalid_input', written.problem)
  // Code may pass a value that is not JSON. Then the parsed value names the run.
  return { facts: { input, rawInput: written === undefined || isProblem ? raw : written.value }, detail: 'parsed' }
}

/**
 * Copies the raw input as plain JSON, parses it, and freezes the output (A10): the approved input is the one that runs.
 *
 * Refuses a schema that drops a field without an error, or that changes its own output when it parses it again: the
 * person would approve one input, and the tool would use another.
 */
export function parseInput(schema: StandardSchemaV1, raw: unknown, maxInputBytes?: number): Eventually<ParsedInput> {
  const copied = snapshot(raw, maxInputBytes)
  if ('problem' in copied) return refused('the input', copied)
  const { value } = copied
  return whenKnown(schema['~standard'].validate(value), (result) => afterFirst(schema, value, result, maxInputBytes))
}

function refused(what: string, { problem, isTooLarge }: Extract<Snapshot, { problem: string }>): ParsedInput {
  return { problem: isTooLarge === true ? `${what} ${problem}` : `${what} is not plain JSON: ${problem}` }
}

function afterFirst(
  schema: StandardSchemaV1,
  raw: Json,
  result: Result,
  maxInputBytes?: number,
): Eventually<ParsedInput> {
  if (result.issues !== undefined) return { problem: `the input does not fit the schema: ${issuesOf(result.issues)}` }
  // The common case: the schema changed nothing, so parsing its output again would be this very parse.
  if (equalJson(raw, result.value as Json)) return { raw, input: raw }
  const output = snapshot(result.value, maxInputBytes)
  if ('problem' in output) return refused("the schema's output", output)
  const dropped = missingIn(raw, output.value)
  if (dropped !== undefined) return { problem: `the schema silently drops ${dropped}: use z.strictObject` }
  return whenKnown(schema['~standard'].validate(output.value), (again) => afterSecond(raw, output.value, again))
}

function afterSecond(raw: Json, input: Json, again: Result): ParsedInput {
  if (again.issues !== undefined) return { problem: `the schema refuses its own output: ${issuesOf(again.issues)}` }
  // Fields that are present and undefined are no difference.
  if (meansSame(again.value, input)) return { raw, input }
  return { problem: 'the schema gives another result for its own output' }
}

/** Paths and messages of the first issues; values are not repeated. */
function issuesOf(issues: readonly StandardSchemaV1.Issue[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => {
      const at = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
      return at === '' ? message : `${at}: ${message}`
    })
    .join('; ')
}

/**
 * Returns a frozen copy of plain JSON, or `undefined` for any other value. For adapters: an app may reuse the same object
 * for its next call, so an adapter copies the arguments of a call before it waits.
 */
export function plainCopy(value: unknown): Json | undefined {
  const copied = snapshot(value)
  return 'value' in copied ? copied.value : undefined
}
