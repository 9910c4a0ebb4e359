// A caller without a token learns where to get one. The tool knows a caller with a token.
import assert from 'node:assert/strict'
import { openWorld } from './world.mjs'

const resource = 'https://mcp.example.com/mcp'
const world = openWorld({ clientId: 'stock-mcp', secret: 's', api: resource })
const { fetch: serve } = await import('./program.js')

const ask = (authorization) =>
  serve(
    new Request(resource, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
        ...authorization,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
    }),
  )
const refused = await ask({})
assert.equal(refused.status, 401)
assert.match(refused.headers.get('www-authenticate'), /resource_metadata="https:\/\/mcp\.example\.com/)

const answered = await ask({ authorization: `Bearer ${await world.token('openid mcp:tools')}` })
assert.equal(answered.status, 200)
assert.match(await answered.text(), /\\"sub\\":\\"ann\\"|"sub":"ann"/)
console.log('holds')
