import { createServer, request } from 'node:http'
import { connect, createServer as createServer2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Fault, policy } from '../../../src/index.ts'
import { api, mail, vault } from './in-doubt-world.ts'
import { schema } from './small-world.ts'

describe('a request that used no credential of the SDK (A13)', () => {
  /** A server of the company's own, at which money moves. */
  async function payments() {
    const paid: string[] = []
    const server = createServer((request, response) => {
      paid.push(request.method ?? '')
      response.end('paid')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { paid, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  async function payments2() {
    const paid: string[] = []
    const server = createServer2((request, response) => {
      paid.push(request.method)
      response.end('paid')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { paid, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  const byFetch = async (url: string, method: string) => (await fetch(url, { method })).text()
  const byHttp = (url: string, method: string) =>
    new Promise((resolve, reject) =>
      request(url, { method }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end(),
    )

  const byHttp2 = async (url: string, method: string) => {
    const session = connect(url)
    const request = session.request({ ':method': method, ':path': '/pay' })
    await new Promise((resolve) => request.resume().on('end', resolve).end())
    session.close()
  }

  test.each([
    ['fetch', byFetch, payments],
    ['http.request', byHttp, payments],
    ['http2', byHttp2, payments2],
  ] as const)(
    verifies('A13', 'by %s leaves a run in doubt whose policy says that it has none, and is reported'),
    async (_, pay, serve) => {
      const { paid, url } = await serve()
      const world = api()
      const faults: Fault[] = []
      const guard = world.behalf({
        vault,
        fetch: async () => new Response(null, { status: 400 }),
        onFault: (fault) => faults.push(fault),
      })
      const only = policy(schema, { version: '1', effect: 'write', access: { mail }, writesOnlyBy: 'access' })
      const run = () =>
        guard
          .run(only, world.call(), async (_input, { access }) => {
            await pay(url, 'POST')
            await access.mail.send('https://mail.example/notes', { method: 'POST' })
          })
          .catch((error: Error) => error)
      await run()
      expect(await run()).toMatchObject({ code: 'unknown_outcome' })
      expect(paid).toEqual(['POST'])
      expect(faults).toMatchObject([
        { kind: 'unseen_request', tool: 'pay', message: expect.stringContaining('127.0.0.1') },
      ])
    },
  )

  test('that only reads, or was made by the SDK for a call within, leaves no doubt', async () => {
    const { url } = await payments()
    const world = api()
    const posts = async () => new Response(await byFetch(url, 'POST'), { status: 400 })
    const guard = world.behalf({ vault, fetch: posts })
    const only = policy(schema, { version: '1', effect: 'write', access: { mail }, writesOnlyBy: 'access' })
    let tries = 0
    const run = () =>
      guard
        .run(only, world.call(), async (_input, { access }) => {
          tries++
          await byFetch(url, 'GET')
          await access.mail.send('https://mail.example/notes', { method: 'POST' })
        })
        .catch((error: Error) => error)
    await run()
    await run()
    expect(tries).toBe(2)
  })
})
