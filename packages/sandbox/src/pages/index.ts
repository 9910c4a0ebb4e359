export { initials, type Markup, page } from './page.ts'
