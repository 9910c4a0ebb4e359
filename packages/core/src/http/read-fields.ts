import { readJson, readText } from './read-json.ts'

/** A small form, or a JSON object of texts. `undefined` where it is neither, or names a field twice. */
export async function readFields(
  request: Request,
): Promise<{ readonly fields: Readonly<Record<string, string>>; readonly isForm: boolean } | undefined> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') {
    const text = await readText(request)
    if (text === undefined) return undefined
    const pairs = [...new URLSearchParams(text)]
    const fields = Object.fromEntries(pairs)
    return Object.keys(fields).length === pairs.length ? { fields, isForm: true } : undefined
  }
  const json = await readJson(request)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const pairs = Object.entries(json)
  if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) return undefined
  return { fields: Object.fromEntries(pairs), isForm: false }
}
