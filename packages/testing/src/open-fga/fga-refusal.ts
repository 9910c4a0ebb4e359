/** An OpenFGA error on its way to the client. Internal. */
export class FgaRefusal extends Error {
  override readonly name = 'FgaRefusal'
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }

  toResponse(): Response {
    return Response.json({ code: this.code, message: this.message }, { status: this.status })
  }
}
