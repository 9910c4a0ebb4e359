import type { Tuple } from '@behalf/fga-engine'

/** A relationship: `user` has `relation` to `object`, perhaps under a condition. */
export type FgaTuple = Tuple
