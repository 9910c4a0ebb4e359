interface Named {
  readonly issuer: string
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
}

/** Whether two names are of one person. A subject names somebody within one issuer and tenant only (I7). */
export function isSamePerson(left: Named | undefined, right: Named | undefined): boolean {
  if (left === undefined || right === undefined) return false
  return left.issuer === right.issuer && left.tenant === right.tenant && left.subject === right.subject
}
