/** Prints progress on stderr, so that stdout contains only the command's own output. */
export function say(text) {
  process.stderr.write(`behalf: ${text}\n`)
}

/** Calls `whileWaiting` every ten seconds with the elapsed seconds, until the work ends. */
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
