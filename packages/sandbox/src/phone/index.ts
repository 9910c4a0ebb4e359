export { createPhone } from './create-phone.ts'
export { openQuestionBook } from './question-book.ts'
