import { ConfigurationError } from '../../base/errors/index.ts'
import { parsedJson } from '../../base/values/index.ts'
import { batchAnswer, batchItem, checkAnswer, errorAnswer, modelHeader } from './wire.ts'

/** A complete HTTP answer with a readable body. Outages never get here. */
export interface HttpAnswer {
  readonly status: number
  /** True if the answer came from another address than the requested one, or redirects to one. */
  readonly redirected: boolean
  readonly headers: Headers
  readonly text: string
}

/** Answer to one question. */
export type Verdict =
  | { readonly kind: 'allowed'; readonly problem?: undefined }
  /** With `problem`, the server did not simply deny: the answer cannot count as an allow (F1). */
  | { readonly kind: 'denied'; readonly problem?: string | undefined }
  /** The server could not decide. */
  | { readonly kind: 'fault'; readonly problem: string }

/** Reads the answer to `check`. Pure. */
export function readCheck(answer: HttpAnswer, modelId: string): Verdict {
  const body = readBody(answer, modelId)
  if ('problem' in body) return refused(body.problem)
  const parsed = checkAnswer.safeParse(body.json)
  if (!parsed.success) return refused('the answer says neither allowed: true nor allowed: false')
  return parsed.data.allowed === true ? { kind: 'allowed' } : { kind: 'denied' }
}

/**
 * Reads the answer to `batch-check`: one verdict for each id, in their order. Pure.
 *
 * Returns the refusal of a whole batch as such: a single question may have caused it.
 */
export function readBatch(
  answer: HttpAnswer,
  modelId: string,
  ids: readonly string[],
): readonly Verdict[] | { readonly refused: string } {
  const body = readBody(answer, modelId)
  if ('problem' in body) {
    const mayBeOne = !answer.redirected && (answer.status === 400 || answer.status === 413)
    return mayBeOne ? { refused: body.problem } : ids.map(() => refused(body.problem))
  }
  const parsed = batchAnswer.safeParse(body.json)
  if (!parsed.success) return ids.map(() => refused('the answer holds no results'))
  const { result } = parsed.data
  return ids.map((id) => (Object.hasOwn(result, id) ? readItem(result[id]) : refused('the answer leaves this out')))
}

export function readItem(item: unknown): Verdict {
  const parsed = batchItem.safeParse(item)
  if (!parsed.success) return refused('its answer is malformed')
  const { allowed, error } = parsed.data
  if (error !== undefined) {
    const problem = `the server could not answer it${quoted(error.message)}`
    return error.internal_error === undefined ? refused(problem) : { kind: 'fault', problem }
  }
  if (allowed === undefined) return refused('its answer says neither allowed: true nor allowed: false')
  return allowed === true ? { kind: 'allowed' } : { kind: 'denied' }
}

/**
 * Returns the JSON of a response, or why it cannot be used.
 *
 * @throws ConfigurationError The server refused because of store, model, address or credentials.
 */
export function readBody(
  answer: HttpAnswer,
  modelId: string,
): { readonly json: unknown } | { readonly problem: string } {
  if (answer.redirected) return { problem: 'the answer was redirected' }
  if (answer.status !== 200) {
    const error = serverErrorOf(answer.text)
    const fault = setUpFault(answer.status, error?.code, inWords(error))
    if (fault !== undefined) throw fault
    return { problem: `the server refused to answer: status ${answer.status}${inWords(error)}` }
  }
  // A store keeps every model, so the answer of another model answers another question.
  const answered = answer.headers.get(modelHeader)
  if (answered !== null && answered !== modelId) return { problem: 'another authorization model answered' }
  const json = parsedJson(answer.text)
  if (json === undefined) return { problem: 'the answer is not JSON' }
  // JSON.parse keeps the last of two equal keys: an answer with both is no answer.
  if (keysWritten(answer.text) !== keysKept(json)) return { problem: 'the answer names a key twice' }
  return { json }
}

/** The server's answer to a request that it refuses. */
export interface ServerError {
  readonly code: string
  readonly message?: string | undefined
}

export function serverErrorOf(text: string): ServerError | undefined {
  const parsed = errorAnswer.safeParse(parsedJson(text)).data
  if (parsed === undefined) return undefined
  const { code, message } = 'error' in parsed ? parsed.error : parsed
  return { code: String(code), message }
}

/** Returns the server's error as text, for the operator. */
export function inWords(error: ServerError | undefined): string {
  return error === undefined ? '' : `, ${JSON.stringify(error.code)}${quoted(error.message)}`
}

/** Quotes and shortens the server's text, which may be long or hostile. */
function quoted(message: string | undefined): string {
  return message === undefined ? '' : ` (${JSON.stringify(message.slice(0, 200))})`
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a

/** Counts the keys that a JSON text writes: one for each colon outside a string. */
function keysWritten(text: string): number {
  let keys = 0
  let isString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isString && code === BACKSLASH) at++
    else if (code === QUOTE) isString = !isString
    else if (code === COLON && !isString) keys++
  }
  return keys
}

function keysKept(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let keys = 0
  if (Array.isArray(value)) for (const item of value) keys += keysKept(item)
  else for (const key of Object.keys(value)) keys += 1 + keysKept((value as Record<string, unknown>)[key])
  return keys
}

/** Returns a denial with a problem. */
export function refused(problem: string): Verdict {
  return { kind: 'denied', problem }
}

/** Codes for a store without such a model. OpenFGA sends the same code for a store that does not exist. */
const noModel: ReadonlySet<string> = new Set(['authorization_model_not_found', 'latest_authorization_model_not_found'])

/**
 * Returns the fault if the server refused the connection or its settings: such a refusal says nothing about rights.
 * @param told - Code and message of the server, quoted, for the operator.
 * @returns `undefined` if it refused the question itself.
 */
export function setUpFault(status: number, code: string | undefined, told: string): ConfigurationError | undefined {
  const answered = `OpenFGA answered with status ${status}${told}`
  if (code !== undefined && noModel.has(code)) {
    const fix = 'check authorizationModelId, and that storeId is the store which has this model'
    return new ConfigurationError('openFga.authorizationModelId', `${answered}: ${fix}`)
  }
  switch (status) {
    case 401:
      return new ConfigurationError(
        'openFga.credentials',
        `${answered}: give the API token, or the client, of this server`,
      )
    case 403:
      return new ConfigurationError('openFga.credentials', `${answered}: give these credentials access to the store`)
    case 404:
      return new ConfigurationError(
        'openFga.storeId',
        `${answered}: check storeId, and that apiUrl is the server which has it`,
      )
    default:
      return undefined
  }
}
