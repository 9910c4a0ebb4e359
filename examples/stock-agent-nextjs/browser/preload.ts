// Loaded into the app's process first, by `--import`. It does not change the app's behaviour. It records what the app
// receives, can replace its clock, and can withhold a response.
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
