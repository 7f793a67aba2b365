// Questions and answers between the primary and a worker, both ways, over the channel that Node gives a forked process.

/** The end of a channel: `process` in a worker, a `cluster.Worker` in the primary. */
interface End {
  send(message: object, callback?: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
}

type Handler = (argument: unknown) => unknown
/** What may be asked, by name. The answer is copied as JSON. */
export type Handlers = { readonly [question: string]: Handler }

type Message =
  | { readonly sallyport: 'question'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly sallyport: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }

export class Link {
  readonly #end: End
  readonly #handlers: Handlers
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0
  #closed: Error | null = null

  constructor(end: End, handlers: Handlers) {
    this.#end = end
    this.#handlers = handlers
    end.on('message', (message) => this.#take(message as Message))
  }

  /** Rejects with the other side's message, or when the channel has closed. */
  ask<T>(name: string, argument: unknown = null): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    const id = ++this.#lastId
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#send({ sallyport: 'question', id, name, argument })
    return answer.promise as Promise<T>
  }

  /** Whoever still waits for an answer is told that none will come. */
  close(reason: string): void {
    this.#closed = new Error(reason)
    for (const { reject } of this.#waiting.values()) reject(this.#closed)
    this.#waiting.clear()
  }

  #take(message: Message): void {
    if (message.sallyport === 'question') return void this.#answer(message)
    if (message.sallyport !== 'answer') return
    const answer = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error === undefined) answer?.resolve(message.value)
    else answer?.reject(new Error(message.error))
  }

  async #answer({ id, name, argument }: Extract<Message, { sallyport: 'question' }>): Promise<void> {
    try {
      const value = await this.#handlers[name]!(argument)
      this.#send({ sallyport: 'answer', id, value })
    } catch (error) {
      this.#send({ sallyport: 'answer', id, error: error instanceof Error ? error.message : String(error) })
    }
  }

  #send(message: Message): void {
    this.#end.send(message, (error) => {
      if (error) this.close(`the channel to the other process is closed: ${error.message}`)
    })
  }
}
