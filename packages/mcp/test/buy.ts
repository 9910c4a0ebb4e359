export const buy = (quantity: number, over: object = {}) => ({
  portfolio: 'p-ann',
  side: 'buy',
  symbol: 'AAPL',
  quantity,
  ...over,
})
