// A process that takes its turn with a login file again and again, and says when it is inside.
import { appendFile } from 'node:fs/promises'
import { loginFile } from '../../../src/sign-in/device-login/device-login.node.ts'

const [folder = '', log = '', turns = '1', hangs = ''] = process.argv.slice(2)
const file = loginFile('trader', folder)
const say = (what: string) => appendFile(log, `${what} ${process.pid}\n`)

for (let turn = 0; turn < Number(turns); turn++) {
  await file.alone(new AbortController().signal, async () => {
    await say('in')
    // Killed from outside.
    if (hangs === 'hangs') await new Promise((resolve) => setTimeout(resolve, 600_000))
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20))
    await say('out')
  })
}
