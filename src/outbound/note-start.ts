import { DecoratorHandler, type Dispatcher } from 'undici'

/**
 * An interceptor that reports when undici begins to write a request to a socket. Until then the request waited in the
 * pool or for its connection, and nothing of it can have reached the other side.
 */
export function noteStart(onStart: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => dispatch(options, new StartNotingHandler(handler, onStart))
}

class StartNotingHandler extends DecoratorHandler implements Dispatcher.DispatchHandler {
  readonly #inner: Dispatcher.DispatchHandler
  readonly #onStart: () => void

  constructor(inner: Dispatcher.DispatchHandler, onStart: () => void) {
    super(inner)
    this.#inner = inner
    this.#onStart = onStart
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#onStart()
    this.#inner.onRequestStart?.(controller, context)
  }
}
