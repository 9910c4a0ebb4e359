/** Says what happens, on stderr: what the command itself prints stays clean on stdout. */
export function say(text) {
  process.stderr.write(`behalf: ${text}\n`)
}

/** Calls `whileWaiting` with the seconds gone every ten seconds, until the work ends. */
export async function withPatience(work, whileWaiting) {
  const began = Date.now()
  const timer = setInterval(() => whileWaiting(Math.round((Date.now() - began) / 1000)), 10_000)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

export const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`
