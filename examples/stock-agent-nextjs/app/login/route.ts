import { stockApp } from '../../src/app.ts'

export const GET = (request: Request) => stockApp().login.begin(request)
