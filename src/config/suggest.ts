export { suggest, suggestionHint } from '../domain/suggest.js'
