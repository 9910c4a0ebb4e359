import { createServer } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Sandbox } from '@behalf/sandbox'
import { buildApp } from './build-app.ts'
import { keepData } from './keep-data.ts'
import { environmentOf, openWorld } from './open-world.ts'
import { startApp } from './run-app.ts'

const write = (text: string) => process.stdout.write(`${text}\n`)

/** Runs everything until a signal ends it. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' }, data: { type: 'string' } } })
  const port = Number(values.port)
  const origin = `http://127.0.0.1:${port}`
  if (!(Number.isInteger(port) && port > 0 && port < 65_535 - 7)) throw new TypeError('--port takes a port number')
  if (!(await isFree(port))) throw new TypeError(`something listens on port ${port} already: take another by --port`)
  const stop = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.resolve())

  const building = buildApp(write)
  if ((await Promise.race([building, stop.promise.then(() => 'stopped')])) === 'stopped') process.exit(130)
  const data = keepData(values.data)
  const kept = values.data === undefined ? {} : { port: port + 1, data: join(data.directory, 'sandbox.sqlite') }
  const sandbox = await openWorld({ interval: 2, ...kept })
  const app = await startApp(port, environmentOf(sandbox, { ...data, origin }))
  app.process.once('exit', () => stop.resolve())
  write(banner(origin, sandbox))
  await stop.promise
  await app.stop()
  await sandbox.close()
  data.close()
}

function banner(origin: string, { phone, people, consoleUrl }: Sandbox): string {
  const others = people.filter(({ subject }) => subject !== 'ann')
  const isReal = process.env.OPENAI_API_KEY || process.env.OPENAI_BASE_URL
  return `
The app    ${origin}
The phone  ${phone.urlOf('ann')}   (Ann’s)
Console    ${consoleUrl}   (each call, and why)

Sign in as any user; there are no passwords. Others’ phones:
${others.map(({ subject, name }) => `  ${(name.split(' ')[0] ?? '').padEnd(8)} ${phone.urlOf(subject)}`).join('\n')}
Sue answers for orders above 1,000 shares, in the app’s inbox: try one as Cleo.
${isReal ? 'A real model decides what to try.' : 'The model is scripted. OPENAI_API_KEY or OPENAI_BASE_URL (and OPENAI_MODEL) bring a real one.'}
Ctrl-C ends all of it.`
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

try {
  await main()
} catch (error) {
  // Prints an error that the person at the keyboard can fix in one line.
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  if (!(error instanceof TypeError || isTaken)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
