import { HadNoEffect } from '@behalf/core'
import type { ToolsOf } from '@behalf/mcp/server'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  fromJsonSchema,
  type InputRequests,
  inputRequired,
  type ServerContext,
  type ServerNotifier,
} from '@modelcontextprotocol/server'
import * as z from 'zod'

const Nothing = z.strictObject({})
export const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const audio = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='
const embedded = { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource.' }
const mixed = { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data"}' }

type ContextV1 = RequestHandlerExtra<ServerRequest, ServerNotification>
type Context = ServerContext | ContextV1
type Body = (input: Record<string, unknown>, context: Context) => unknown

const isV1 = (context: Context): context is ContextV1 => 'sendRequest' in context

const content = (...blocks: object[]): CallToolResult => ({ content: blocks as CallToolResult['content'] })
const said = (text: string) => content({ type: 'text', text })
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

async function log(context: Context) {
  for (const step of ['started', 'processing data', 'completed']) {
    const data = `Tool execution ${step}`
    if (isV1(context)) {
      await context.sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
    } else await context.mcpReq.log('info', data)
    await pause()
  }
  return said('logged')
}

async function report(context: Context) {
  const { progressToken } = (isV1(context) ? context : context.mcpReq)._meta ?? {}
  for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
    const params = { progressToken: progressToken ?? 0, progress, total: 100 }
    if (isV1(context)) await context.sendNotification({ method: 'notifications/progress', params })
    else await context.mcpReq.notify({ method: 'notifications/progress', params })
    await pause()
  }
  return said('reported')
}

export const schemaOf = (...names: string[]) => ({
  type: 'object' as const,
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  required: names,
})
export const form = (message: string, requestedSchema: object = schemaOf('name')) =>
  inputRequired.elicit({ message, requestedSchema: requestedSchema as never })
const sampling = (text: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 })

/**
 * Asks the client, and ends with what it answered, in the words that the suite wants. A client of an older revision is
 * asked within the same call: by the SDK, and on SDK 1 by the body.
 */
function asking(
  requests: (context: Context, input: Record<string, unknown>) => InputRequests,
  end: string,
  own?: string,
): Body {
  return async (input, context) => {
    const wanted = requests(context, input)
    if (isV1(context)) {
      const answers: Record<string, unknown> = {}
      for (const [key, request] of Object.entries(wanted)) {
        answers[key] = await context.sendRequest(request as never, z.looseObject({}) as never)
      }
      return said(`${end} ${JSON.stringify(answers)}`)
    }
    const { inputResponses = {}, requestState } = context.mcpReq
    const answers = inputResponses as Record<string, unknown>
    const isAnswered = Object.keys(wanted).every((key) => isAnswer(answers[key]))
    if (!isAnswered || (own !== undefined && requestState() !== own)) {
      throw new HadNoEffect(inputRequired({ inputRequests: wanted, ...(own !== undefined && { requestState: own }) }))
    }
    return said(`${end} ${JSON.stringify(answers)}`)
  }
}

const isAnswer = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Only what the client can do is asked of it. */
function capable(context: Context): InputRequests {
  const own = isV1(context) ? undefined : context.mcpReq.envelope
  const envelope: { readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = own ?? {}
  const { elicitation, sampling: samples } = envelope[CLIENT_CAPABILITIES_META_KEY] ?? {}
  return {
    ...(elicitation !== undefined && { name: form('Your name?') }),
    ...(samples !== undefined && { greeting: sampling('Generate a greeting') }),
  }
}

const defaults = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
}

const titled = (one: string) => [1, 2, 3].map((number) => ({ const: `value${number}`, title: `${one} ${number}` }))
const options = ['option1', 'option2', 'option3']
const enums = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled('Option') },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option 1', 'Option 2', 'Option 3'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
  },
}

const steps = ['step1', 'step2']
/** Two questions, one after the other, each with its own state. */
const twoSteps: Body = (_input, context) => {
  if (isV1(context)) return said('SDK 1 has one round')
  const { mcpReq } = context
  const [done = ''] = Object.keys(mcpReq.inputResponses ?? {})
  const isInOrder = mcpReq.requestState() === done
  const next = done === '' ? steps[0] : isInOrder ? steps[steps.indexOf(done) + 1] : steps[0]
  if (next === undefined) return said('all steps are done')
  throw new HadNoEffect(inputRequired({ inputRequests: { [next]: form(`${next}: your answer?`) }, requestState: next }))
}

/** The suite's fixture for the keywords of JSON Schema 2020-12. */
const wide = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  additionalProperties: false,
}
const inHeaders = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, query: { type: 'string' } },
  required: ['region'],
}

const ofJsonSchema = {
  json_schema_2020_12_tool: fromJsonSchema(wide as never),
  test_custom_headers: fromJsonSchema(inHeaders as never),
}
const schemas: Readonly<Record<string, unknown>> = {
  test_sampling: z.object({ prompt: z.string() }),
  test_elicitation: z.object({ message: z.string() }),
  ...ofJsonSchema,
}

/** The tools that the suite calls, as an app has them: each is guarded. */
export function suiteTools(
  sdk: 'v1' | 'v2',
  changed: Pick<ServerNotifier, 'toolsChanged' | 'promptsChanged'>,
): ToolsOf<Record<string, typeof Nothing>, ServerContext> {
  const text = (value: string) => () => said(value)
  const name = () => ({ user_name: form('What is your name?') })
  const bodies: Readonly<Record<string, Body>> = {
    test_simple_text: () => 'This is a simple text response for testing.',
    test_image_content: () => content({ type: 'image', data: image, mimeType: 'image/png' }),
    test_audio_content: () => content({ type: 'audio', data: audio, mimeType: 'audio/wav' }),
    test_embedded_resource: () => content({ type: 'resource', resource: embedded }),
    test_multiple_content_types: () =>
      content(
        { type: 'text', text: 'Multiple content types test:' },
        { type: 'image', data: image, mimeType: 'image/png' },
        { type: 'resource', resource: mixed },
      ),
    test_error_handling: () => {
      throw new Error('This tool intentionally returns an error for testing')
    },
    test_tool_with_logging: (_input, context) => log(context),
    test_logging_tool: (_input, context) => log(context),
    test_tool_with_progress: (_input, context) => report(context),
    async test_reconnection(_input, context) {
      if (isV1(context)) context.closeSSEStream?.()
      else context.http?.closeSSE?.()
      await pause()
      return said('the client came back')
    },
    test_sampling: asking((_context, { prompt }) => ({ answer: sampling(String(prompt)) }), 'LLM response:'),
    test_elicitation: asking(
      (_context, { message }) => ({ answer: form(String(message), schemaOf('username', 'email')) }),
      'User response:',
    ),
    test_elicitation_sep1034_defaults: asking(
      () => ({ answer: form('Please review', defaults) }),
      'Elicitation completed:',
    ),
    test_elicitation_sep1330_enums: asking(() => ({ answer: form('Please choose', enums) }), 'Elicitation completed:'),
    test_streaming_elicitation: asking(name, 'Hello'),
    test_missing_capability: asking(() => ({ greeting: sampling('Generate a greeting') }), 'Hello'),
    test_input_required_result_elicitation: asking(name, 'Hello'),
    test_input_required_result_sampling: asking(
      () => ({ capital_question: sampling('The capital of France?') }),
      'Answer:',
    ),
    test_input_required_result_list_roots: asking(() => ({ client_roots: inputRequired.listRoots() }), 'Roots:'),
    test_input_required_result_request_state: asking(
      () => ({ confirm: form('Please confirm', { type: 'object', properties: { ok: { type: 'boolean' } } }) }),
      'state-ok',
      'to be confirmed',
    ),
    test_input_required_result_tampered_state: asking(name, 'Hello', 'signed by the guard'),
    test_input_required_result_multiple_inputs: asking(
      () => ({ ...name(), greeting: sampling('Generate a greeting'), client_roots: inputRequired.listRoots() }),
      'All:',
      'three questions',
    ),
    test_input_required_result_multi_round: twoSteps,
    test_input_required_result_capabilities: asking(capable, 'Answers:'),
    json_schema_2020_12_tool: text('valid'),
    test_custom_headers: text('the headers are right'),
    test_trigger_tool_change: () => changed.toolsChanged() ?? 'changed',
    test_trigger_prompt_change: () => changed.promptsChanged() ?? 'changed',
  }
  // SDK 1 takes schemas of zod only.
  const taken = Object.entries(bodies).filter(([tool]) => sdk === 'v2' || !(tool in ofJsonSchema))
  return Object.fromEntries(
    taken.map(([tool, body]) => [
      tool,
      {
        description: `The suite's ${tool}`,
        inputSchema: (schemas[tool] ?? Nothing) as typeof Nothing,
        execute: (input, { context }) => body(input, context),
      },
    ]),
  )
}
