import type { Readable, Writable } from 'node:stream'
import { isCancel, select, text } from '@clack/prompts'
import { type Choices, frameworks, namesOf, providers } from './choices.ts'
import { problemOfFolder } from './write-app.ts'

/** The person's terminal. */
export interface Questions {
  readonly input: Readable
  readonly output: Writable
}

/** Asks for the choices that the command line does not contain. @returns `undefined` if the person cancelled */
export async function ask(given: Partial<Choices>, streams: Questions): Promise<Choices | undefined> {
  const folder =
    given.folder ??
    (await text({
      ...streams,
      message: 'Folder of the new app',
      initialValue: 'my-agent',
      validate: (value) => problemOfFolder(value?.trim() || '.'),
    }))
  if (isCancel(folder)) return undefined
  const framework =
    given.framework ?? (await select({ ...streams, message: 'Framework', options: optionsOf(frameworks) }))
  if (isCancel(framework)) return undefined
  const provider =
    given.provider ?? (await select({ ...streams, message: 'Where users log in', options: optionsOf(providers) }))
  if (isCancel(provider)) return undefined
  return { folder: folder.trim(), framework, provider }
}

const optionsOf = <Name extends string>(table: Readonly<Record<Name, { readonly label: string }>>) =>
  namesOf(table).map((value) => ({ value, label: table[value].label }))
