import { expect, test } from 'vitest'
import { readSettings } from '../src/settings.ts'

const names =
  'ISSUER CLIENT_ID CLIENT_SECRET AGENT_AUDIENCE AGENT_NAME FGA_API_URL FGA_STORE_ID FGA_MODEL_ID FGA_API_TOKEN ACCOUNTS_ISSUER ACCOUNTS_CLIENT_ID ACCOUNTS_CLIENT_SECRET DATA_DIRECTORY SEAL_KEY INDEX_KEY'
const all = Object.fromEntries(names.split(' ').map((name) => [name, 'x']))
const read = (more: Readonly<Record<string, string>>) =>
  readSettings({ ...all, APP_ORIGIN: 'https://app.example', ...more } as unknown as NodeJS.ProcessEnv)

test('the app is found over https, or on loopback', () => {
  expect(read({ APP_ORIGIN: 'https://app.example/somewhere' }).origin).toBe('https://app.example')
  expect(read({ APP_ORIGIN: 'http://127.0.0.1:3000' }).origin).toBe('http://127.0.0.1:3000')
  expect(() => read({ APP_ORIGIN: 'http://app.example' })).toThrow('APP_ORIGIN is not https')
})

test('what is missing is named', () => {
  expect(() => read({ SEAL_KEY: '' })).toThrow('SEAL_KEY is not set')
})

test('calls are reported to a console that has an address and a key', () => {
  expect(read({}).reports).toBeUndefined()
  expect(read({ REPORTS_URL: 'http://127.0.0.1:4400/console/reports' }).reports).toBeUndefined()
  const reports = { url: 'http://127.0.0.1:4400/console/reports', key: 'a-key' }
  expect(read({ REPORTS_URL: reports.url, REPORTS_KEY: reports.key }).reports).toEqual(reports)
})

test('the model is scripted until there is a key or an address for another', () => {
  expect(read({}).model).toBeUndefined()
  expect(read({ OPENAI_API_KEY: 'key' }).model).toEqual({
    baseUrl: 'https://api.openai.com/v1',
    apiKey: 'key',
    name: 'gpt-4o-mini',
  })
  expect(read({ OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1', OPENAI_MODEL: 'local' }).model).toEqual({
    baseUrl: 'http://127.0.0.1:11434/v1',
    apiKey: undefined,
    name: 'local',
  })
})
