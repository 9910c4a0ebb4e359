export { headersOf, initials, type Markup, page } from './page.ts'
