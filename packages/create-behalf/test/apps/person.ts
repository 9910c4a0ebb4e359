/** A browser without scripts: keeps its cookies, and follows redirects. */
function browser() {
  const jar = new Map<string, string>()
  return async (url: string | URL, init: RequestInit = {}): Promise<{ readonly url: URL; readonly page: string }> => {
    let next = new URL(url)
    let response = await send(next, init)
    for (let left = 10; response.headers.has('location') && left > 0; left--) {
      next = new URL(response.headers.get('location') ?? '', next)
      response = await send(next, {})
    }
    return { url: next, page: await response.text() }
  }

  async function send(url: URL, init: RequestInit): Promise<Response> {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), cookie }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    return response
  }
}

const fieldOf = (page: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''

/** Signs in as Ann on the sandbox's login page. */
export async function signInAsAnn(link: string): Promise<void> {
  const go = browser()
  const { url, page } = await go(link)
  const body = new URLSearchParams({ csrf: fieldOf(page, 'csrf'), subject: 'ann' })
  await go(url, { method: 'POST', headers: { origin: url.origin }, body })
}

/** Waits for a question on a phone, and approves it. @returns the page that showed it */
export async function approveOnPhone(link: string): Promise<string> {
  const go = browser()
  for (;;) {
    const { url, page } = await go(link)
    const question = fieldOf(page, 'question')
    if (question !== '') {
      const body = new URLSearchParams({ csrf: fieldOf(page, 'csrf'), question, answer: 'approve' })
      await go(`${url.origin}${url.pathname}/answers`, { method: 'POST', headers: { origin: url.origin }, body })
      return page
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}
