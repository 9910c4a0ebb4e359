import { defineTool } from '@behalf/core'
import * as z from 'zod'

/** The model chooses the arguments. The guard asks the user, and runs the body once with what they approved. */
export const buy = defineTool({
  name: 'buy',
  description: 'Buys shares at the market price.',
  input: z.strictObject({ symbol: z.string(), quantity: z.int().positive() }),
  approval: {
    when: ({ input }) => input.quantity > 10,
    message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
  },
  // #region agent
  wait: { maxSeconds: 300 }, // Time that a call waits for the answer. Without it, the agent pauses and resumes.
  // #endregion
  run: ({ symbol, quantity }) => `bought ${quantity} ${symbol}`, // Call your API here.
})
