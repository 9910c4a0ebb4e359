import type { AuditEvent } from '../contract/index.ts'
import { ConfigurationError, TransportError } from '../errors/index.ts'
import type { AuditSink } from '../ports.ts'
import { refuseUnknownKeys } from '../values/options.ts'

/**
 * Destination of the lines: a function, or an object with the `write` of a Node stream (`process.stdout`, a file's).
 */
export type LineWriter =
  | ((line: string) => void | Promise<void>)
  | {
      write(line: string, done: (error?: Error | null) => void): unknown
      on?(event: 'error', listener: (error: Error) => void): unknown
    }

/** Options of `jsonLinesSink`. */
export interface JsonLinesSinkOptions {
  /** Receives the lines. */
  readonly to: LineWriter
  /**
   * Maximum number of lines that wait for the writer. Further lines are dropped, and counted in a line of their own.
   * @default 10_000
   */
  readonly maxPending?: number
}

/**
 * Makes an audit sink that writes each event as one line of JSON.
 *
 * An event names the user, the whole chain of actors, tool, policy, decision, trace and approval. It contains no token,
 * and no input except what the policy's own texts repeat. Lines are in the order of the events. Only a guard whose
 * audit is `required` waits for a slow writer. A writer that is too slow loses lines, and does not fill memory. An error
 * of a stream, such as a closed pipe or a full disk, does not end the process: it refuses the line, and so the call
 * whose audit is `required`. The first one is printed to the console.
 *
 * @throws ConfigurationError An option is unknown, `to` cannot be written to, or `maxPending` is no positive whole
 *   number.
 */
export function jsonLinesSink(options: JsonLinesSinkOptions): AuditSink {
  refuseUnknownKeys('jsonLinesSink', options, ['to', 'maxPending'])
  const { to, maxPending = 10_000 } = options
  const write = writerOf(to)
  if (!Number.isSafeInteger(maxPending) || maxPending <= 0) {
    throw new ConfigurationError('jsonLinesSink.maxPending', 'give a positive whole number')
  }
  let pending = 0
  let dropped = 0
  const put = async (line: string): Promise<void> => {
    pending++
    try {
      await write(line)
    } catch (cause) {
      throw new TransportError('a line of the audit was not accepted', { cause })
    } finally {
      pending--
    }
  }
  return {
    async write(event: AuditEvent): Promise<void> {
      if (pending >= maxPending) {
        dropped++
        throw new TransportError('the audit does not keep up; an event was dropped')
      }
      if (dropped > 0) {
        const count = dropped
        dropped = 0
        // Counted again with the next line if the writer does not accept this one.
        put(lineOf({ v: 1, type: 'dropped', at: event.at, count })).catch(() => {
          dropped += count
        })
      }
      await put(lineOf(event))
    },
  }
}

/**
 * Characters that end a line for some readers, control a terminal, or change the direction of writing. JSON leaves them
 * unescaped, and allows them escaped within strings, the only place where they can occur.
 */
const acting = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

const lineOf = (value: object): string =>
  `${JSON.stringify(value).replace(acting, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`

/** Streams with a listener for their errors. The value tells whether an error was reported. */
const heard = new WeakMap<object, boolean>()

/**
 * Listens to a stream's errors, of which one without a listener ends the process. The lines that it refuses fail by
 * themselves. A stream may report each of them, such as `process.stdout` on a full disk: only the first is printed.
 */
function listenTo(to: Extract<LineWriter, object>): void {
  if (!('on' in to) || heard.has(to)) return
  heard.set(to, false)
  to.on?.('error', ({ message }) => {
    if (heard.get(to) === false) console.error(`@behalf: the audit's stream failed, and events are lost: ${message}`)
    heard.set(to, true)
  })
}

function writerOf(to: LineWriter): (line: string) => void | Promise<void> {
  if (typeof to === 'function') return to
  if (typeof to?.write !== 'function') {
    throw new ConfigurationError('jsonLinesSink.to', 'give a function, or a stream such as process.stdout')
  }
  listenTo(to)
  return (line) =>
    new Promise((resolve, reject) => {
      to.write(line, (error) => (error ? reject(error) : resolve()))
    })
}
