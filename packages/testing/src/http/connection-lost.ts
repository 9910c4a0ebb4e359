/** The connection broke after the server did its work, and before the client got the response. Internal. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}
