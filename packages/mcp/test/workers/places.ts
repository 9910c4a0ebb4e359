// What the Workers and the servers outside agree on.
export const ISSUER = 'https://login.example.com'
export const AGENT = 'https://agent.example.com'
export const API = 'https://api.example.com'
export const OPAQUE = 'https://opaque.example.com'
export const MCP = 'https://mcp.example.com/mcp'
export const FGA = 'https://fga.example.com'
export const STORE = 'https://store.example.com'
export const CALLBACK = 'https://app.example.com/callback'
export const MODEL = '01KAZ0000000000000000MODEL'

/** JSON of a value with bytes in it. */
export const toWire = (value: unknown): string =>
  JSON.stringify(value, (_key, one) => (one instanceof Uint8Array ? { bytes: [...one] } : one))

export const fromWire = (text: string): unknown =>
  JSON.parse(text, (_key, one) => (Array.isArray(one?.bytes) ? Uint8Array.from(one.bytes) : one))
