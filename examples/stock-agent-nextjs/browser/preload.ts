// Loaded into the app's process before anything else, by `--import`. It changes nothing of what the app does; it lets
// a test know what the app was given, hold another clock before it, and keep an answer from it.
import { appendFileSync } from 'node:fs'

const { KEEP_SECRETS_IN: file, CLOCK_AHEAD_SECONDS: ahead = '0', LOSE_ANSWERS_OF: lost } = process.env

const SECRET = /"(?:access_token|refresh_token|id_token|auth_req_id|device_code|user_code|token)"\s*:\s*"([^"]{8,})"/g

const fetchAsEver = globalThis.fetch
globalThis.fetch = async (...request) => {
  const response = await fetchAsEver(...request)
  if (lost !== undefined && new URL(response.url).pathname === lost) return new Promise<never>(() => {})
  if (file !== undefined && response.headers.get('content-type')?.includes('json')) {
    for (const [, secret] of (await response.clone().text()).matchAll(SECRET)) appendFileSync(file, `${secret}\n`)
  }
  return response
}

if (Number(ahead) > 0) {
  const now = Date.now
  Date.now = () => now() + Number(ahead) * 1000
}
