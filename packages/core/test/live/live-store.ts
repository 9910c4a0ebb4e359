import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { FgaClientOptions, HttpOptions } from '../../src/entrypoints/fga.ts'

/** Where OpenFGA answers; without it there is nothing to run. */
export const OPENFGA_URL = process.env.OPENFGA_URL
/** Where it wants an API token. */
const token = process.env.OPENFGA_TOKEN

export interface LiveStore {
  readonly options: Pick<HttpOptions & FgaClientOptions, 'apiUrl' | 'storeId' | 'authorizationModelId' | 'credentials'>
  /** The model with one relation more: another model of the same store. */
  readonly otherModelId: string
  delete(): Promise<void>
}

/** Creates a store with the model of the guide, so that the printed model is the tested one. */
export async function createLiveStore(): Promise<LiveStore> {
  const guide = readFileSync(new URL('../../../../docs/guides/permissions.md', import.meta.url), 'utf8')
  const dsl = /```fga\n(.*?)```/s.exec(guide)?.[1]
  if (dsl === undefined) throw new Error('docs/guides/permissions.md shows no model')
  const { id } = await call('POST', '/stores', { name: 'behalf-core-live' })
  const storeId = String(id)
  const model = async (text: string) => {
    const written = await call('POST', `/stores/${storeId}/authorization-models`, toJson(text))
    return String(written.authorization_model_id)
  }
  const authorizationModelId = await model(dsl)
  const otherModelId = await model(dsl.replace('type user\n', 'type user\n  relations\n    define friend: [user]\n'))
  return {
    options: {
      apiUrl: String(OPENFGA_URL),
      storeId,
      authorizationModelId,
      ...(token !== undefined && { credentials: { method: 'apiToken', token } as const }),
    },
    otherModelId,
    delete: () => call('DELETE', `/stores/${storeId}`).then(() => {}),
  }
}

/** The official transformer stands in the folder of the engine. */
function toJson(dsl: string): unknown {
  const resolve = createRequire(new URL('../../../fga-engine/package.json', import.meta.url))
  return resolve('@openfga/syntax-transformer').transformer.transformDSLToJSONObject(dsl)
}

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${OPENFGA_URL}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}
