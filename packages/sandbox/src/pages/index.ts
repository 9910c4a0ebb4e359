export { type DetailLine, describeDetails, type Quote } from './describe-details.ts'
export { initials, type Markup, page } from './page.ts'
