import type { AuthorizationModel } from '../../src/index.ts'

/** A condition that compares an amount of the question with the limit of its tuple. */
export const within = (): NonNullable<AuthorizationModel['conditions']> => ({
  within: {
    name: 'within',
    expression: 'amount <= limit',
    parameters: { amount: { type_name: 'TYPE_NAME_INT' }, limit: { type_name: 'TYPE_NAME_INT' } },
  },
})
