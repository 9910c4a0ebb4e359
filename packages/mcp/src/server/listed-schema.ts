import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { toJSONSchema } from 'zod/mini'
import type { AnySchema } from '../guarded-tools/schema.ts'

/**
 * Returns a schema that offers JSON Schema, as the SDK requires. Schemas of zod mini do not offer it themselves, so it
 * is added here. So tools and policies can share them.
 */
export function listedSchema(schema: AnySchema): StandardSchemaWithJSON {
  const standard = schema['~standard']
  if ('jsonSchema' in standard || !('_zod' in schema)) return schema as unknown as StandardSchemaWithJSON
  const say = (io: 'input' | 'output') => () =>
    toJSONSchema(schema as unknown as Parameters<typeof toJSONSchema>[0], { io }) as Record<string, unknown>
  const spoken = { ...standard, jsonSchema: { input: say('input'), output: say('output') } }
  return { '~standard': spoken } as unknown as StandardSchemaWithJSON
}
