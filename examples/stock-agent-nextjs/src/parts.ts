interface Part {
  readonly state?: string
  readonly approval?: { readonly approved?: boolean | undefined } | undefined
}

/** Returns whether a call may run and has no result yet: a person approved it, or a process that died had begun it. */
export const isGoingOn = (part: object): boolean => {
  const { state, approval }: Part = part
  return state === 'approval-responded' && approval?.approved === true
}
