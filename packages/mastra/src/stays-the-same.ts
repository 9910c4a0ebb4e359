import type { StandardSchemaWithJSON } from '@mastra/core/schema'

/** Returns whether a schema accepts a plain value and returns an equal one. */
export async function staysTheSame(schema: StandardSchemaWithJSON<unknown>, value: unknown): Promise<boolean> {
  const validated = schema['~standard'].validate(value)
  const result = validated instanceof Promise ? await validated : validated
  return result.issues === undefined && isSame(result.value, value)
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every(
      (key) => Object.hasOwn(other, key) && isSame(one[key as keyof typeof one], other[key as keyof typeof other]),
    )
  )
}
