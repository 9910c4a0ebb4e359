import type { BrowserContext, Request } from 'playwright-core'

/** All that browsers of a run sent to the app and got from it. */
export interface Traffic {
  watch(context: BrowserContext): void
  /** Everything that has ended, as one text; and how many bodies a browser did not hand out. */
  read(): Promise<{ readonly text: string; readonly lost: number }>
}

const WAIT_MS = 2_000

/** @param origin - The app's: what the issuer's own pages exchange with the browser is not the app's doing. */
export function watchTraffic(origin: string): Traffic {
  const pieces: Promise<string>[] = []
  let lost = 0
  const see = async (request: Request): Promise<string> => {
    const response = await request.response()
    const [sent, got] = [await request.allHeaders(), (await response?.allHeaders()) ?? {}]
    const status = response?.status() ?? 0
    const hasBody = status >= 200 && status !== 204 && (status < 300 || status >= 400)
    const body = hasBody
      ? await response?.text().catch(() => {
          lost += 1
          return ''
        })
      : ''
    return [request.url(), JSON.stringify(sent), request.postData() ?? '', JSON.stringify(got), body].join('\n')
  }
  const orLost = (piece: Promise<string>) =>
    Promise.race([
      piece.catch(() => undefined),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), WAIT_MS)),
    ])
  return {
    watch(context) {
      context.on('requestfinished', (request) => {
        if (request.url().startsWith(`${origin}/`)) pieces.push(see(request))
      })
    },
    async read() {
      const read = await Promise.all(pieces.map(orLost))
      const text = read.filter((piece) => piece !== undefined)
      return { text: text.join('\n'), lost: lost + read.length - text.length }
    },
  }
}
