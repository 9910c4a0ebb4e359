import { Document } from '@langchain/core/documents'
import { AIMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import { Command, Overwrite, Send } from '@langchain/langgraph'
import { isPlain, MAX_DEPTH } from './redact-result.ts'

/*
 * A guard stores the result of a write as plain JSON. Messages and commands are class instances, so they are stored as
 * data of their own form. LangChain's `load()` would not do: it creates an instance of any of its classes from data that
 * an API may have written.
 */

/** Key of an object that stands for another value. */
const MARK = '@behalf/langchain'

const classes = {
  AIMessage,
  Command,
  Document,
  HumanMessage,
  Overwrite,
  RemoveMessage,
  Send,
  SystemMessage,
  ToolMessage,
}
type Name = keyof typeof classes | 'Object' | 'undefined'
type Fields = Readonly<Record<string, unknown>>
type Marked = readonly [name: Name, fields: Fields]

/**
 * Returns a result in the form in which a guard can store it. Leaves instances of other classes, which cannot be stored,
 * values within themselves, and values deeper than 64 levels.
 * @param callId - Id of the call. A replay answers another call, if that call shares the run.
 */
export function toStored(result: unknown, callId: string | undefined): unknown {
  return stored(result, [], callId)
}

/** Returns the result of which {@link toStored} returned this form, for the call with this id. */
export function fromStored(form: unknown, callId: string | undefined): unknown {
  return restored(form, [], callId)
}

function stored(value: unknown, above: readonly object[], callId: string | undefined): unknown {
  if (value === undefined && above.length > 0) return marked('undefined', {})
  if (!isOpen(value, above)) return value
  const within = (part: unknown) => stored(part, [...above, value], callId)
  if (Array.isArray(value)) return unlessSame(value, value.map(within))
  const name = nameOf(value)
  if (name !== undefined) return marked(name, mapped(fieldsOf(name, value, callId), within))
  if (!isPlain(value)) return value
  return MARK in value ? marked('Object', mapped(value, within)) : unlessSame(value, mapped(value, within))
}

function restored(form: unknown, above: readonly object[], callId: string | undefined): unknown {
  if (!isOpen(form, above)) return form
  const within = (part: unknown) => restored(part, [...above, form], callId)
  if (Array.isArray(form)) return unlessSame(form, form.map(within))
  if (!isPlain(form)) return form
  if (!(MARK in form)) return unlessSame(form, mapped(form, within))
  const [name, fields] = form[MARK] as Marked
  return created(name, mapped(fields, within), callId)
}

function created(name: Name, fields: Fields, callId: string | undefined): unknown {
  switch (name) {
    case 'undefined':
      return undefined
    case 'Object':
      return fields
    case 'Send':
      return new Send(fields.node as string, fields.args, fields)
    case 'Overwrite':
      return new Overwrite(Object.values(fields)[0])
    default: {
      const whole = name === 'ToolMessage' ? { tool_call_id: callId, ...fields } : fields
      // A field may have been set after the construction.
      return Object.assign(new (classes[name] as new (fields: Fields) => object)(whole), whole)
    }
  }
}

/** Returns the fields that tell an instance from others of its class. */
function fieldsOf(name: Name, instance: Fields, callId: string | undefined): Fields {
  const own = Object.entries(instance).filter(
    ([key, field]) =>
      field !== undefined &&
      key !== 'type' &&
      !/^l[cg]_/.test(key) &&
      !(name === 'ToolMessage' && key === 'tool_call_id' && field === callId),
  )
  return Object.fromEntries(own)
}

const marked = (name: Name, fields: Fields) => ({ [MARK]: [name, fields] satisfies Marked })

/** Returns the name of exactly this class: a subclass may hold more than its fields. */
const nameOf = (value: object): Name | undefined =>
  (Object.keys(classes) as (keyof typeof classes)[]).find(
    (name) => Object.getPrototypeOf(value) === classes[name].prototype,
  )

const isOpen = (value: unknown, above: readonly object[]): value is Fields =>
  typeof value === 'object' && value !== null && above.length < MAX_DEPTH && !above.includes(value)

const mapped = (fields: Fields, change: (field: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, change(field)]))

/** Returns the same object if no part of it changed. */
function unlessSame(before: object, after: object): unknown {
  const parts: Fields = { ...before }
  return Object.entries(after).every(([key, part]) => parts[key] === part) ? before : after
}
