import type { ToolsOf } from '@behalf/mcp/server'
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  completable,
  fromJsonSchema,
  type InputRequests,
  inputRequired,
  type McpServer,
  ResourceTemplate,
  type ServerContext,
  type ServerNotifier,
} from '@modelcontextprotocol/server'
import * as z from 'zod'

const Nothing = z.strictObject({})
const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const audio = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='
const embedded = { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource.' }
const mixed = { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data"}' }

type Body = (input: Record<string, unknown>, context: ServerContext) => unknown

const content = (...blocks: object[]): CallToolResult => ({ content: blocks as CallToolResult['content'] })
const said = (text: string) => content({ type: 'text', text })
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

async function log({ mcpReq }: ServerContext) {
  for (const step of ['started', 'processing data', 'completed']) {
    await mcpReq.log('info', `Tool execution ${step}`)
    await pause()
  }
  return said('logged')
}

async function report({ mcpReq }: ServerContext) {
  const { progressToken } = mcpReq._meta ?? {}
  for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } as never })
    await pause()
  }
  return said('reported')
}

const schemaOf = (...names: string[]) => ({
  type: 'object' as const,
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  required: names,
})
const form = (message: string, requestedSchema: object = schemaOf('name')) =>
  inputRequired.elicit({ message, requestedSchema: requestedSchema as never })
const sampling = (text: string) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 100 })

/**
 * Asks the client, and ends with what it answered, in the words that the suite wants. A client of an older revision is
 * asked by the SDK within the same call.
 */
function asking(
  requests: (context: ServerContext, input: Record<string, unknown>) => InputRequests,
  end: string,
  own?: string,
): Body {
  return (input, context) => {
    const { inputResponses = {}, requestState } = context.mcpReq
    const wanted = requests(context, input)
    const answers = inputResponses as Record<string, unknown>
    const isAnswered = Object.keys(wanted).every((key) => isAnswer(answers[key]))
    if (!isAnswered || (own !== undefined && requestState() !== own)) {
      return inputRequired({ inputRequests: wanted, ...(own !== undefined && { requestState: own }) })
    }
    return said(`${end} ${JSON.stringify(answers)}`)
  }
}

const isAnswer = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Only what the client can do is asked of it. */
function capable({ mcpReq }: ServerContext): InputRequests {
  const envelope: { readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = mcpReq.envelope ?? {}
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
const twoSteps: Body = (_input, { mcpReq }) => {
  const [done = ''] = Object.keys(mcpReq.inputResponses ?? {})
  const isInOrder = mcpReq.requestState() === done
  const next = done === '' ? steps[0] : isInOrder ? steps[steps.indexOf(done) + 1] : steps[0]
  if (next === undefined) return said('all steps are done')
  return inputRequired({ inputRequests: { [next]: form(`${next}: your answer?`) }, requestState: next })
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

const schemas: Readonly<Record<string, unknown>> = {
  test_sampling: z.object({ prompt: z.string() }),
  test_elicitation: z.object({ message: z.string() }),
  json_schema_2020_12_tool: fromJsonSchema(wide as never),
  test_custom_headers: fromJsonSchema(inHeaders as never),
}

/** The tools that the suite calls, as an app has them: each is guarded. */
export function suiteTools(
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
    async test_reconnection(_input, { http }) {
      http?.closeSSE?.()
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
  return Object.fromEntries(
    Object.entries(bodies).map(([tool, body]) => [
      tool,
      {
        description: `The suite's ${tool}`,
        inputSchema: (schemas[tool] ?? Nothing) as typeof Nothing,
        mayAskClient: true,
        execute: (input, { context }) => body(input, context),
      },
    ]),
  )
}

/** Prompts, resources and completion are the SDK's own, behind the same gate. */
export function addPromptsAndResources(server: McpServer): McpServer {
  const user = (block: object) => ({ role: 'user' as const, content: block as never })
  const prompt = (text: string) => ({ messages: [user({ type: 'text', text })] })
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => prompt('This is a simple prompt.'))
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'With arguments',
      argsSchema: z.object({ arg1: completable(z.string(), (value) => [`${value}is`]), arg2: z.string() }),
    },
    ({ arg1, arg2 }) => prompt(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => ({
      messages: [user({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: 'Embedded' } })],
    }),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () => ({
    messages: [user({ type: 'image', data: image, mimeType: 'image/png' })],
  }))
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks' }, ({ mcpReq }) =>
    mcpReq.inputResponses === undefined
      ? inputRequired({ inputRequests: { user_context: form('What context?', schemaOf('context')) } })
      : prompt('with context'),
  )
  const resource = (name: string, mimeType: string, body: object) =>
    server.registerResource(name, `test://${name}`, { description: name, mimeType }, ({ href }) => ({
      contents: [{ uri: href, mimeType, ...body } as never],
    }))
  resource('static-text', 'text/plain', { text: 'This is the content of the static text resource.' })
  resource('static-binary', 'image/png', { blob: image })
  resource('watched-resource', 'text/plain', { text: 'Watched' })
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'Template', mimeType: 'application/json' },
    ({ href }, { id }) => ({
      contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true }) }],
    }),
  )
  server.server.registerCapabilities({ resources: { subscribe: true, listChanged: true }, logging: {} })
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const) {
    server.server.setRequestHandler(method, () => ({}))
  }
  return server
}
