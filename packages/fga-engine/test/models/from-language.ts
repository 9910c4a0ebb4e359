import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import syntax from '@openfga/syntax-transformer'
import type { AuthorizationModel } from '../../src/index.ts'

/** A model in OpenFGA's JSON, out of its language. Types and conditions alone: the header is added. */
export const model = (text: string): AuthorizationModel => fromLanguage(`model\n  schema 1.1\n${text}`)

/** The trading model, as `docs/guides/permissions.md` explains it. */
export const tradingModel = (): AuthorizationModel =>
  fromLanguage(readFileSync(join(import.meta.dirname, 'trading.fga'), 'utf8'))

const fromLanguage = (text: string): AuthorizationModel =>
  syntax.transformer.transformDSLToJSONObject(text) as unknown as AuthorizationModel

/** `user:ann viewer document:1`, and a condition where one is given. */
export function tuple(text: string, name?: string, context?: Readonly<Record<string, unknown>>) {
  const [user = '', relation = '', object = ''] = text.split(' ')
  return { user, relation, object, ...(name !== undefined && { condition: { name, ...(context && { context }) } }) }
}
