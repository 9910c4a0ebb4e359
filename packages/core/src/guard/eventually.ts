/** A value, or a promise of one where something has to be waited for. */
export type Eventually<Value> = Value | Promise<Value>

/** Most calls wait for nothing before their body, and pay for no promise on the way. */
export const whenKnown = <Value, Next>(
  value: Eventually<Value>,
  use: (value: Value) => Eventually<Next>,
): Eventually<Next> => (value instanceof Promise ? value.then(use) : use(value))
