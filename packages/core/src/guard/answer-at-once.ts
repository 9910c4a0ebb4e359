import { ConfigurationError } from '../errors/index.ts'

/**
 * What a rule answered. A rule that answers with a promise decides nothing: a promise is neither false
 * nor a message, and its rejection would end the process.
 */
export function answerAtOnce<Answer>(rule: string, answer: Answer): Answer {
  if (!(answer instanceof Promise)) return answer
  answer.catch(() => {})
  throw new ConfigurationError(`policy.${rule}`, 'answers with a promise: give a function that answers at once')
}
