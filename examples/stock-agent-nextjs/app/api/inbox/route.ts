import { stockApp } from '../../../src/app.ts'

const handle = (request: Request) => stockApp().inbox(request)

export { handle as GET, handle as POST }
