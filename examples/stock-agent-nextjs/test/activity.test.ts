import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEvent } from '@behalf/core'
import { expect, onTestFinished, test } from 'vitest'
import { activityIn } from '../src/activity.ts'
import { openDatabase } from '../src/database.ts'
import { decidedIn } from '../src/decided.ts'
import { storiesOf } from '../src/tell-activity.ts'

const sound: AuditEvent = {
  v: 1,
  at: 1,
  agent: 'trader',
  tool: 'whoami',
  principal: { issuer: 'https://issuer.example', subject: 'ann' },
  callId: 'one',
  type: 'call',
  phase: 'run',
  status: 'done',
  trace: { steps: [{ step: 'input', verdict: 'passed', detail: 'fits' }] } as never,
}

function opened() {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-app-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const database = openDatabase(directory)
  onTestFinished(() => database.close())
  return { database, activity: activityIn(database, ({ subject }) => subject) }
}

test('looks of a page that waits are one event, until one of them says something else', () => {
  const { activity } = opened()
  const look = { ...sound, phase: 'preflight', status: 'interrupted', approvalId: 'a' } as const
  for (const at of [1, 2, 3]) activity.sink.write({ ...look, at })
  activity.sink.write({ ...look, at: 4, status: 'ready' })
  activity.sink.write({ ...look, at: 5 })
  activity.sink.write({ ...look, at: 6, approvalId: 'b' })
  // Each run is written, unlike repeated preflights.
  for (const at of [7, 8]) activity.sink.write({ ...sound, at })
  expect(activity.read('ann', 10).events.map(({ at }) => at)).toEqual([8, 7, 6, 5, 4, 1])
})

test.each([
  ['no JSON', '{"type":"call"'],
  ['null', 'null'],
  ['another type', '{"type":"nonsense"}'],
  ['no trace', JSON.stringify({ ...sound, trace: undefined })],
  ['a status of another name', JSON.stringify({ ...sound, status: 'constructor' })],
  ['no scopes', JSON.stringify({ ...sound, type: 'token', source: 'vault', audience: 'api' })],
  ['an invalid message', JSON.stringify({ ...sound, type: 'approval', approvalId: 'a', state: 'denied', message: {} })],
])('an event that is damaged (%s) is left out and named, and the others are read', (_, event) => {
  const { database, activity } = opened()
  activity.sink.write(sound)
  database.prepare('INSERT INTO activity (owner, at, event) VALUES (?, ?, ?)').run('ann', 2, event)
  activity.sink.write({ ...sound, at: 3, callId: 'two' })
  const { events, damaged } = activity.read('ann', 10)
  expect(events.map(({ at }) => at)).toEqual([3, 1])
  expect(damaged).toEqual([2])
  expect(storiesOf(events)).toHaveLength(2)
  expect(decidedIn(events)).toEqual([])
})
