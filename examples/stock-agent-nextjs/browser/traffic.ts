import type { BrowserContext, Response } from 'playwright-core'

/** All that browsers of a run sent to the app and got from it. */
export interface Traffic {
  watch(context: BrowserContext): void
  /** Waits for bodies that are on their way. @returns everything, as one text */
  text(): Promise<string>
}

/** @param origin - The app's: what the issuer's own pages exchange with the browser is not the app's doing. */
export function watchTraffic(origin: string): Traffic {
  const pieces: Promise<string>[] = []
  const see = async (response: Response): Promise<string> => {
    const request = response.request()
    const [sent, got] = [await request.allHeaders(), await response.allHeaders()].map((headers) =>
      JSON.stringify(headers),
    )
    const body = await response.text().catch(() => '')
    return [request.url(), sent, request.postData() ?? '', got, body].join('\n')
  }
  return {
    watch(context) {
      context.on('response', (response) => {
        if (response.url().startsWith(`${origin}/`)) pieces.push(see(response).catch(() => ''))
      })
    },
    text: async () => (await Promise.all(pieces)).join('\n'),
  }
}
