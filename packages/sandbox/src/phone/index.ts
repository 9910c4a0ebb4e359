export { createPhone, type Phone } from './create-phone.ts'
export { openQuestionBook, type QuestionBook } from './question-book.ts'
