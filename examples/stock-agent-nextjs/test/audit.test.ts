import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuditEvent } from '@behalf/core'
import { expect, test, vi } from 'vitest'
import { auditOf } from '../src/audit.ts'

const event = { v: 1, at: 1, agent: 'trader', tool: 'whoami' } as AuditEvent

test('an event goes to the record of the users and to the console, and to the record alone where the console is gone', async () => {
  const told: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    told.push(`${request.headers.authorization} ${Buffer.concat(chunks).toString()}`)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/console/reports`
  const kept: AuditEvent[] = []
  const sink = auditOf({ reports: { url, key: 'a-key' } }, { write: (one) => void kept.push(one) })
  await sink.write(event)
  await vi.waitFor(() => expect(told).toEqual([`Bearer a-key ${JSON.stringify(event)}\n`]))
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await sink.write(event)
  expect(kept).toEqual([event, event])
})

test('a record that fails fails the write, with a console too', async () => {
  const failing = {
    write() {
      throw new Error('the disk is full')
    },
  }
  const reports = { url: 'http://127.0.0.1:1/', key: 'a-key' }
  expect(() => auditOf({ reports }, failing).write(event)).toThrow('the disk is full')
  expect(auditOf({ reports: undefined }, failing)).toBe(failing)
})
