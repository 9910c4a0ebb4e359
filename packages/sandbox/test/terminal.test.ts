import { expect, onTestFinished, test } from 'vitest'
import { doctorCommand } from '../src/cli/doctor-command.ts'
import { describeEvent } from '../src/events/index.ts'
import { listen } from '../src/http/listen.ts'
import { type SandboxEvent, startSandbox } from '../src/index.ts'
import { basic } from './sandbox/phone-http.ts'

/** Colours the terminal, moves the cursor, turns the order of letters around, ends the line. */
const TRICKS = '\u001b[31m \u009b2J \u202e \u2028'
const isSeen = (text: string) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)

test('what a client wrote is one line, and moves nothing in it', async () => {
  const events: SandboxEvent[] = []
  const sandbox = await startSandbox({ onEvent: (event) => void events.push(event) })
  onTestFinished(() => sandbox.close())
  const { issuer, clientId, clientSecret } = sandbox.settings
  await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: basic(clientId, clientSecret) },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'x',
      subject_token_type: `a type ${TRICKS}\nof mine`,
    }),
  })
  expect(JSON.stringify(events)).toContain('of mine')
  const lines = events.map(describeEvent)
  expect(lines).toHaveLength(1)
  expect(lines.every(isSeen)).toBe(true)
})

test('what a server says to doctor moves nothing either', async () => {
  const port = await listen(0)
  onTestFinished(() => port.close())
  const metadata = {
    issuer: port.origin,
    token_endpoint: `${port.origin}/token`,
    token_endpoint_auth_methods_supported: [TRICKS],
  }
  port.serve(({ method }, response) => {
    const refused = { error: 'invalid_client', error_description: TRICKS }
    response.end(JSON.stringify(method === 'POST' ? refused : metadata))
  })
  let text = ''
  const code = await doctorCommand(['--issuer', port.origin, '--client-id', 'app'], (more) => {
    text += more
  })
  expect(code).toBe(1)
  expect(text).toContain('client_refused')
  expect(text.split('\n').every(isSeen)).toBe(true)

  port.serve((_request, response) => response.writeHead(302, { location: '/\u009b2J' }).end())
  text = ''
  await doctorCommand(['--issuer', port.origin], (more) => {
    text += more
  })
  expect(text).toContain('It redirects to')
  expect(text.split('\n').every(isSeen)).toBe(true)
})
