import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buy } from '@behalf/testing/contract'
import { RequestContext } from '@mastra/core/request-context'
import { expect, onTestFinished, test } from 'vitest'
import { conversation, guarded } from './conversation.ts'
import { call, ScriptedModel } from './scripted-model.ts'
import { world } from './world.ts'

const script = fileURLToPath(new URL('./resume-elsewhere.ts', import.meta.url))

/** Resumes a copy of the storage in a process of its own. */
async function resumeElsewhere(file: string, user: 'none' | 'bob') {
  const directory = mkdtempSync(join(tmpdir(), 'behalf-mastra-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  cpSync(dirname(file), directory, { recursive: true })
  const { stdout } = await promisify(execFile)(process.execPath, [script, join(directory, 'mastra.db'), user])
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
    readonly found: boolean
    readonly after: readonly { readonly interrupt: { readonly kind: string } }[]
    readonly saw: string
    readonly orders: number
  }
}

test('another process restores the run and its context, and no identity with it', async () => {
  const target = await world()
  const identity = await target.login()
  const talk = conversation()
  const requestContext = new RequestContext<Record<string, unknown>>()
  requestContext.set('identity', identity)
  requestContext.set('user', 'ann')
  const model = new ScriptedModel([call('call-1', 'create_order', buy(50))])
  await talk.agent(guarded(target, identity), model).generate('Buy 50', { memory: talk.memory, requestContext })
  const [none, bob] = await Promise.all([resumeElsewhere(talk.file, 'none'), resumeElsewhere(talk.file, 'bob')])
  expect(none).toMatchObject({ found: true, after: [{ interrupt: { kind: 'login_required' } }], orders: 0 })
  expect(bob).toMatchObject({ found: true, after: [], orders: 0 })
  expect(bob.saw).toContain('This action is not permitted.')
  // Two processes start, and each imports the framework.
}, 90_000)
