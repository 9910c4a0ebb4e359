import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environmentOf, openWorld } from './open-world.ts'
import { buildApp, startApp } from './run-app.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const { values } = parseArgs({
  options: { port: { type: 'string', default: '3000' }, 'no-build': { type: 'boolean' } },
})
const port = Number(values.port)
const origin = `http://127.0.0.1:${port}`
const say = (text: string) => process.stdout.write(`${text}\n`)

const built = fileURLToPath(new URL('../.behalf/next/BUILD_ID', import.meta.url))
if (values['no-build'] !== true || !existsSync(built)) {
  say('Building the app, which takes a minute or so …')
  await buildApp()
}
const sandbox = await openWorld({ interval: 2 })
const { directory, remove } = temporaryDirectory()
const app = await startApp(port, environmentOf(sandbox, { origin, directory }))

say(`\nThe app    ${origin}`)
say(`The phone  ${sandbox.phone.urlOf('ann')}   (Ann's)`)
for (const { subject, name } of sandbox.people) {
  if (subject !== 'ann') say(`           ${sandbox.phone.urlOf(subject)}   (${name.split(' ')[0]}'s)`)
}
say('\nSign in as anybody; nobody has a password. Sue answers for orders above 1,000 shares, in the app’s inbox.')
say(
  process.env.OPENAI_API_KEY || process.env.OPENAI_BASE_URL
    ? 'A real model decides what to try.'
    : 'The model is scripted. OPENAI_API_KEY or OPENAI_BASE_URL (and OPENAI_MODEL) bring a real one.',
)
say('Ctrl-C ends all of it.')

await new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  app.process.once('exit', () => resolve())
})
await app.stop()
await sandbox.close()
remove()
