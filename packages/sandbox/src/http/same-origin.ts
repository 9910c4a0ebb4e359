/**
 * Returns whether a page of this exact origin sent the request.
 *
 * Other apps on this machine are the same *site* whatever their port, so their requests have our cookies. So `Origin`
 * must be ours, and if the browser says where a request comes from, it must say `same-origin`.
 */
export function isSameOrigin(headers: Headers, origin: string): boolean {
  const from = headers.get('sec-fetch-site')
  return headers.get('origin') === origin && (from === null || from === 'same-origin')
}
