import { completable as completableV1 } from '@modelcontextprotocol/sdk/server/completable.js'
import { ResourceTemplate as ResourceTemplateV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { completable, inputRequired, type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { form, image, schemaOf } from './suite-tools.ts'

const subscriptionsV1 = [SubscribeRequestSchema, UnsubscribeRequestSchema]

/** What is not told by a registration. */
export const capabilities = { resources: { subscribe: true, listChanged: true }, logging: {} }

/** Prompts, resources and completion are the SDK's own, behind the same gate. */
export function addPromptsAndResources(server: McpServer, sdk: 'v1' | 'v2'): McpServer {
  // SDK 1 takes the fields of a schema.
  const args = <Shape extends z.ZodRawShape>(shape: Shape) => (sdk === 'v2' ? z.object(shape) : (shape as never))
  const complete = sdk === 'v2' ? completable : (completableV1 as never as typeof completable)
  const Template = sdk === 'v2' ? ResourceTemplate : (ResourceTemplateV1 as never as typeof ResourceTemplate)
  const user = (block: object) => ({ role: 'user' as const, content: block as never })
  const prompt = (text: string) => ({ messages: [user({ type: 'text', text })] })
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => prompt('This is a simple prompt.'))
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'With arguments',
      argsSchema: args({ arg1: complete(z.string(), (value) => [`${value}is`]), arg2: z.string() }),
    },
    ({ arg1, arg2 }) => prompt(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: args({ resourceUri: z.string() }) },
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
    new Template('test://template/{id}/data', { list: undefined }),
    { description: 'Template', mimeType: 'application/json' },
    ({ href }, { id }) => ({
      contents: [{ uri: href, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true }) }],
    }),
  )
  const subscriptions = sdk === 'v2' ? ['resources/subscribe', 'resources/unsubscribe'] : subscriptionsV1
  for (const one of subscriptions) server.server.setRequestHandler(one as 'resources/subscribe', () => ({}))
  return server
}
