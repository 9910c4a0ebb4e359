/**
 * Returns whether a request that changes something comes from a page of the app: browsers send its origin, and pages
 * cannot forge it.
 */
export function isFromApp({ headers }: Pick<Request, 'headers'>, origin: string): boolean {
  const site = headers.get('sec-fetch-site')
  return headers.get('origin') === origin && (site === null || site === 'same-origin')
}
