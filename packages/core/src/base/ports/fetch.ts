/** Function that sends every request. The default is the global `fetch`; give your own for proxies, mTLS or tests. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>
