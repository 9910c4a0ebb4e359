import type { ToolName } from './tools.ts'

/** Next step of the model: a tool call, with any arguments, or text. */
export type Plan =
  | { readonly kind: 'call'; readonly tool: ToolName; readonly input: Readonly<Record<string, unknown>> }
  | { readonly kind: 'say'; readonly text: string }

/** Content of a real model's system prompt. It guides; it proves nothing. */
export interface PlannerContext {
  /** Portfolio that "my" means. */
  readonly portfolio?: string | undefined
}

export type Planner = (prompt: string, context: PlannerContext) => Plan

const order = /\b(buy|sell)\s+([\d,_]+)\s+(?:shares?\s+)?(?:of\s+)?([a-z][a-z0-9.]{0,9})\b/i
const price = /\b(?:trading\s+at|price\s+(?:of|for)|quote\s+(?:of|for)|worth|cost)\b/i
const symbolAfter = /\b(?:price|quote)\s+(?:of|for)\s+([a-z][a-z0-9.]{0,9})\b/i
const symbolBefore = /\b(?:is|are|does)\s+([a-z][a-z0-9.]{0,9})\s+(?:trading|worth|cost)\b/i

/**
 * Planner in place of a model: reads a prompt by grammar and writes the tool call that a model would write.
 *
 * It trusts every text, as a model may: "show me Bob's portfolio" becomes a call for Bob's portfolio. It does not
 * decide what may run.
 */
export const scriptedPlanner: Planner = (prompt, context) => {
  const text = prompt.normalize('NFKC').replace(/[’`]/g, "'")
  return orderIn(text, context) ?? priceIn(text) ?? identityIn(text) ?? accountIn(text, context) ?? lost
}

const lost: Plan = {
  kind: 'say',
  text: 'I can tell prices, who you are, your portfolio and your orders, and I can buy and sell shares.',
}

const call = (tool: ToolName, input: Readonly<Record<string, unknown>>): Plan => ({ kind: 'call', tool, input })

function orderIn(text: string, context: PlannerContext): Plan | undefined {
  const [, side = '', quantity = '', symbol = ''] = order.exec(text) ?? []
  if (side === '') return undefined
  return call('create_order', {
    portfolio: portfolioIn(text, context),
    side: side.toLowerCase(),
    symbol: symbol.toUpperCase().replace(/\.$/, ''),
    quantity: Number(quantity.replace(/[,_]/g, '')),
  })
}

function priceIn(text: string): Plan | undefined {
  if (!price.test(text)) return undefined
  const symbol = (symbolAfter.exec(text) ?? symbolBefore.exec(text))?.[1]
  if (symbol === undefined) return { kind: 'say', text: 'The price of which share?' }
  return call('get_stock_price', { symbol: symbol.toUpperCase() })
}

function identityIn(text: string): Plan | undefined {
  return /\bwho\s+am\s+i\b|\bwhoami\b/i.test(text) ? call('whoami', {}) : undefined
}

function accountIn(text: string, context: PlannerContext): Plan | undefined {
  const portfolio = portfolioIn(text, context)
  if (/\borders?\b/i.test(text)) return call('list_orders', { portfolio })
  return /\b(?:portfolio|holdings|shares)\b/i.test(text) ? call('get_portfolio', { portfolio }) : undefined
}

/** Returns the portfolio: "portfolio p-bob" and "Bob's portfolio" name one; any other text means the user's own. */
function portfolioIn(text: string, { portfolio }: PlannerContext): string | undefined {
  const named = /\bportfolio\s+(p-[\w-]+)/i.exec(text)?.[1]
  const owner = /\b([a-z]+)'s\s+(?:portfolio|holdings|orders|shares)\b/i.exec(text)?.[1]
  return named?.toLowerCase() ?? (owner === undefined ? portfolio : `p-${owner.toLowerCase()}`)
}
