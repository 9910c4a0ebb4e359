/** The server did its work; the connection breaks before the client hears of it. Internal. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}
