import { stockApp } from '../../../src/app.ts'

const handle = (request: Request) => stockApp().connections(request)

export { handle as GET, handle as POST }
