import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Fetch, Store } from '@behalf/core'
import { TestingError } from '../../testing-error.ts'
import type { AdapterReport } from './adapter-subject.ts'
import type { RemoteTurn, ToChild, ToParent, WireRequest, WireResponse } from './remote-turn.ts'

/** Takes one turn in a separate process, which has ended when this resolves. */
export async function turnElsewhere(
  worker: URL,
  turn: RemoteTurn,
  around: { readonly store: Store; readonly fetch: Fetch },
): Promise<AdapterReport> {
  const child = fork(worker, { serialization: 'advanced', execArgv: ['--no-warnings'], stdio: 'pipe' })
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += String(chunk)
  })
  try {
    return await Promise.race([
      reportOf(child, turn, around),
      once(child, 'exit').then(([code, signal]) => {
        throw new TestingError(`the other process ended early (${code ?? signal}): ${said.slice(-2000)}`)
      }),
    ])
  } finally {
    // The process gets no chance to clean up, as in a crash: data that is not on disk is lost.
    child.kill('SIGKILL')
  }
}

function reportOf(
  child: ChildProcess,
  turn: RemoteTurn,
  { store, fetch }: { readonly store: Store; readonly fetch: Fetch },
): Promise<AdapterReport> {
  const send = (message: ToChild) => {
    if (child.connected) child.send(message)
  }
  const answer = (id: number, work: Promise<unknown>) =>
    work.then(
      (value) => send({ kind: 'answer', id, value }),
      (error: unknown) => send({ kind: 'answer', id, error: String(error) }),
    )
  return new Promise((resolve) => {
    child.on('message', (message: ToParent) => {
      switch (message.kind) {
        case 'ready':
          return send({ kind: 'turn', turn })
        case 'fetch':
          return void answer(message.id, passedOn(message.request, fetch))
        case 'store':
          return void answer(message.id, asked(store, message))
        case 'report':
          return resolve(message.report)
        default:
          return message satisfies never
      }
    })
  })
}

async function passedOn({ url, method, headers, body }: WireRequest, fetch: Fetch): Promise<WireResponse> {
  const response = await fetch(url, {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    redirect: 'manual',
    ...(body !== '' && { body }),
  })
  return { status: response.status, headers: [...response.headers], body: await response.text() }
}

const methods = ['now', 'get', 'put', 'delete', 'claimDue', 'list', 'increment'] as const

async function asked(
  store: Store,
  { method, args }: { readonly method: string; readonly args: readonly unknown[] },
): Promise<unknown> {
  const name = methods.find((one) => one === method)
  if (name === undefined) throw new TestingError(`a store has no ${JSON.stringify(method)}`)
  return (store[name] as (...all: readonly unknown[]) => Promise<unknown>)(...args)
}
