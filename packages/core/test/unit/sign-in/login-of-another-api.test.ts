import { expect, test } from 'vitest'
import { commandLines } from './own-folder.ts'

const required = { status: 'login_required' }
const reports = { status: 'verified', identity: { subject: 'ann' } }

test.each([
  ['unsealed', undefined],
  ['sealed', new Uint8Array(32).fill(7)],
])(
  'a command line for another API does not report the login of this one, and asks for its own (%s)',
  async (_, key) => {
    const commandLine = await commandLines()
    expect(await commandLine(key).login()).toMatchObject(reports)
    const others = ['https://other.behalf.example/', undefined].map((resource) => commandLine(key, { resource }))
    for (const other of others) expect(await other.identity()).toMatchObject(required)
    expect(await commandLine(key).identity()).toMatchObject(reports)
    expect(await others[1]?.login()).toMatchObject(reports)
    expect(await others[1]?.identity()).toMatchObject(reports)
    expect(await commandLine(key).identity()).toMatchObject(required)
  },
)
