import { cibaPing } from '../../../../src/entrypoints/http.ts'
import { providerAt, app as vaultApp } from '../../vault/connect-app.ts'
import { app } from '../app.ts'

// A reader of the guide has these: the app's fetch-style handlers, all at https://app.example.
export const questions = app({ origins: ['https://app.example'] })
export const inbox = questions.inbox
export const crm = await providerAt(4816)
export const accounts = vaultApp(crm).handler
export const ping = cibaPing({ store: questions.store })
