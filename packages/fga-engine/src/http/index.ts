export { createHandler, type Handler, type HandlerOptions, handlerFetch } from './create-handler.ts'
