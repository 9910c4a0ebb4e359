/** A relationship: `user` has `relation` to `object`, perhaps under a condition. */
export interface FgaTuple {
  readonly user: string
  readonly relation: string
  readonly object: string
  readonly condition?: { readonly name: string; readonly context?: Readonly<Record<string, unknown>> }
}

/** `type:id` or `type:id#relation`, taken apart. */
export interface Subject {
  readonly type: string
  readonly id: string
  readonly relation: string | undefined
}

/** @returns `undefined` where the text is no object, userset or wildcard name. */
export function parseSubject(text: string): Subject | undefined {
  const found = /^([^:#@\s]{1,254}):([^:#\s]+)(?:#([^:#@\s]{1,50}))?$/.exec(text)
  if (found === null) return undefined
  return { type: found[1] as string, id: found[2] as string, relation: found[3] }
}

/** One text for a tuple's key; conditions do not count. */
export function tupleKey({ user, relation, object }: FgaTuple): string {
  return `${user} ${relation} ${object}`
}
