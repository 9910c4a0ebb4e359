import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from '../contract/index.ts'
import { equalJson, meansSame, missingIn, type Snapshot, snapshot } from '../lib/index.ts'

export type ParsedInput = { readonly raw: Json; readonly input: Json } | { readonly problem: string }

type Result = StandardSchemaV1.Result<unknown>

/**
 * Step 1 (A10): what was approved is what runs.
 *
 * The raw input is copied as plain JSON, parsed, and the output is bound, frozen and handed to the
 * body. Refused when the schema drops a field in silence, or when parsing its output again gives
 * something else: the person would approve one thing and the tool would do another.
 *
 * @param maxInputBytes - Largest input, and largest output of the schema.
 */
export function parseInput(
  schema: StandardSchemaV1,
  raw: unknown,
  maxInputBytes: number,
): ParsedInput | Promise<ParsedInput> {
  const copied = snapshot(raw, maxInputBytes)
  if ('problem' in copied) return refused('the input', copied)
  const first = schema['~standard'].validate(copied.value)
  if (first instanceof Promise) return first.then((result) => afterFirst(schema, copied.value, result, maxInputBytes))
  return afterFirst(schema, copied.value, first, maxInputBytes)
}

function refused(what: string, { problem, isTooLarge }: Extract<Snapshot, { problem: string }>): ParsedInput {
  return { problem: isTooLarge === true ? `${what} ${problem}` : `${what} is not plain JSON: ${problem}` }
}

function afterFirst(
  schema: StandardSchemaV1,
  raw: Json,
  result: Result,
  maxInputBytes: number,
): ParsedInput | Promise<ParsedInput> {
  if (result.issues !== undefined) return { problem: `the input does not fit the schema: ${issuesOf(result.issues)}` }
  // The common case: the schema changed nothing, so parsing its output again would be this very parse.
  if (equalJson(raw, result.value as Json)) return { raw, input: raw }
  const output = snapshot(result.value, maxInputBytes)
  if ('problem' in output) return refused("the schema's output", output)
  const dropped = missingIn(raw, output.value)
  if (dropped !== undefined) return { problem: `the schema drops ${dropped} in silence` }
  const second = schema['~standard'].validate(output.value)
  if (second instanceof Promise) return second.then((again) => afterSecond(raw, output.value, again))
  return afterSecond(raw, output.value, second)
}

function afterSecond(raw: Json, input: Json, again: Result): ParsedInput {
  if (again.issues !== undefined) return { problem: `the schema refuses its own output: ${issuesOf(again.issues)}` }
  // Stryker disable next-line ConditionalExpression: What is equal also means the same: spares a copy.
  if (equalJson(input, again.value as Json)) return { raw, input }
  // Fields that are present and undefined are no difference; only then is a copy worth its cost.
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
