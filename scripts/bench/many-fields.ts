/**
 * The fields of a wide schema: `field_0` and on.
 *
 * A guarded tool and its bare peer each get their own schema, as tools have. The guard's inputs are frozen, so the code
 * that zod compiles for a shared schema would see two kinds of objects.
 */
export function manyFields<Field>(count: number, fieldOf: () => Field): Record<string, Field> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`field_${index}`, fieldOf()]))
}
