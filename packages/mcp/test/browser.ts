import type { ProtocolTarget } from '@behalf/testing'

/** A user at a browser, who is signed in at the authorization server and agrees to everything. */
export interface Browser {
  /** For `showSignIn`. */
  show(url: URL): Promise<void>
  /** Where it was sent, in order. */
  readonly visited: readonly URL[]
  /** Where it came back to. */
  callback(): Promise<string>
}

export function browserOf(target: ProtocolTarget, user: 'ann' | 'bob'): Browser {
  const visited: URL[] = []
  let location: string | undefined
  return {
    visited,
    async show(url) {
      visited.push(url)
      await target.authorizationServer.controls.signInAs(target.users[user].subject)
      const response = await fetch(url, { redirect: 'manual' })
      location = response.headers.get('location') ?? undefined
      if (location === undefined) throw new Error(`no redirect: ${response.status} ${await response.text()}`)
    },
    async callback() {
      if (location === undefined) throw new Error('the browser was sent nowhere')
      return location
    },
  }
}
