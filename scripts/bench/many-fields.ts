/**
 * The fields of a wide schema: `field_0` and on.
 *
 * A guarded tool and its bare peer each get a schema of their own, as tools have: what zod compiles of one that they share
 * would meet the inputs of both, and those of the guard are of another kind, since they are frozen.
 */
export function manyFields<Field>(count: number, fieldOf: () => Field): Record<string, Field> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`field_${index}`, fieldOf()]))
}
