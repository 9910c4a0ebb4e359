/** Values of the examples in CIBA Core 1.0, by section; the hint and the class of authentication are ours. */
export const fixtures = {
  /** §7.1 */
  request: {
    clientNotificationToken: '8d67dc78-7faa-4d41-aabd-67707b374255',
    bindingMessage: 'W4SCT',
    acrValues: ['urn:example:loa:2'],
    loginHintToken: 'eyJhbGciOiJub25lIn0.e30.',
  },
  /** §7.3 */
  acknowledgement: { auth_req_id: '1c266114-a1be-4252-8ad1-04986c5b9ac1', expires_in: 120, interval: 2 },
  /** §10.3.1 */
  push: { accessToken: 'G5kXH2wHvUra0sHlDy1iTkDJgsgUO1bN', atHash: 'Wt0kVFXMacqvnHeyU0001w' },
  /** §11 */
  denied: { error: 'access_denied', error_description: 'The end-user denied the authorization request' },
} as const
