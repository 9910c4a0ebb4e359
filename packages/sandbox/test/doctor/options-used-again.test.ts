import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runDoctor } from '../../src/index.ts'

test('a secret goes to its own issuer alone, and is hidden, where the caller fills in the same options for the next one', async () => {
  const options = { issuer: '', clientId: 'anns', clientSecret: 'secret-of-ann', needs: ['ciba'] as const }
  const credentials: string[] = []
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    if (request.url !== '/token') {
      const own = { issuer: options.issuer, token_endpoint: `${options.issuer}/token` }
      return void response.end(JSON.stringify(own))
    }
    const [, pair = ''] = (request.headers.authorization ?? '').split(' ')
    credentials.push(Buffer.from(pair, 'base64').toString())
    response.writeHead(400)
    response.end(JSON.stringify({ error: 'invalid_grant', error_description: `not with ${credentials[0]}` }))
    Object.assign(options, { clientId: 'bobs', clientSecret: 'secret-of-bob' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  options.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const report = await runDoctor(options)
  expect(credentials.length).toBeGreaterThan(1)
  expect(new Set(credentials)).toEqual(new Set(['anns:secret-of-ann']))
  expect(JSON.stringify(report)).not.toContain('secret-of-ann')
})
