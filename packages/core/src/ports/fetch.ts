/** What every request goes through. The global `fetch` by default; give your own for proxies, mTLS or tests. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>
