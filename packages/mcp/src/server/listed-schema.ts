import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'
import { toJSONSchema } from 'zod/mini'
import type { AnySchema } from '../guarded/schema.ts'

/**
 * A schema that can say itself as JSON Schema, as the SDK needs it. Zod's mini schemas cannot by themselves, so
 * that policies can share them.
 */
export function listedSchema(schema: AnySchema): StandardSchemaWithJSON {
  const standard = schema['~standard']
  if ('jsonSchema' in standard || !('_zod' in schema)) return schema as unknown as StandardSchemaWithJSON
  const say = (io: 'input' | 'output') => () =>
    toJSONSchema(schema as unknown as Parameters<typeof toJSONSchema>[0], { io }) as Record<string, unknown>
  const spoken = { ...standard, jsonSchema: { input: say('input'), output: say('output') } }
  return { '~standard': spoken } as unknown as StandardSchemaWithJSON
}
