import type { Condition } from '../conditions/index.ts'

type Context = Readonly<Record<string, unknown>>

const MAX_VALUE = 200

/**
 * Returns a condition as an explanation shows it: its expression, and the values of its parameters where these may be
 * shown. A value of the tuple wins over one of the question.
 */
export function conditionText(
  { expression, parameters }: Condition,
  {
    ofTuple,
    ofQuestion,
    values,
  }: { readonly ofTuple: Context; readonly ofQuestion: Context; readonly values: boolean },
): string {
  const told = parameters.map((name) => {
    const [context, whose] = Object.hasOwn(ofTuple, name) ? [ofTuple, 'tuple'] : [ofQuestion, 'question']
    return `${name} = ${short(context[name])} of the ${whose}`
  })
  return [expression.replaceAll(/\s+/g, ' ').trim(), ...(values ? told : [])].join(', ')
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}
