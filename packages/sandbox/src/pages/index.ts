export { type DetailLine, describeDetails, type Quote } from './describe-details.ts'
export { initials, type Markup, type PageParts, page } from './page.ts'
