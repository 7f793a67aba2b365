// Questions and answers between the primary and a worker, both ways, over the channel that Node gives a forked process. What is sent arrives in the
// order in which it was sent, or never.
import { systemClock } from '../../plugin/clock.ts'
import type { Clock } from '../../plugin/contract.ts'
import type { Socket } from 'node:net'

/** The end of a channel: `process` in a worker, a `cluster.Worker` in the primary. */
interface End {
  send(message: object, socket: Socket | undefined, options: { readonly keepOpen: true }, callback: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown, socket?: Socket) => void): unknown
}

type Handler = (argument: unknown, socket: Socket | undefined) => unknown
/** What may be asked, by name. The answer is copied as JSON. */
export type Handlers = { readonly [question: string]: Handler }

type Message =
  | { readonly sallyport: 'question'; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly sallyport: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string }

/** No answer came in time. It may still come, and nobody waits for it. */
export class Silence extends Error {}

export class Link {
  readonly #end: End
  readonly #handlers: Handlers
  readonly #clock: Pick<Clock, 'after'>
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0
  #closed: Error | null = null

  constructor(end: End, handlers: Handlers, clock: Pick<Clock, 'after'> = systemClock) {
    this.#end = end
    this.#handlers = handlers
    this.#clock = clock
    end.on('message', (message, socket) => this.#take(message as Message, socket))
  }

  /**
   * Rejects with the other side's message, or when the channel has closed. A socket that goes with the question stays open on this side too. The
   * other side must have a file descriptor free for it, else nobody there is asked and no answer comes.
   */
  ask<T>(name: string, argument: unknown = null, socket?: Socket): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    const id = ++this.#lastId
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#send({ sallyport: 'question', id, name, argument }, socket)
    return answer.promise as Promise<T>
  }

  /** As `ask`; rejects with `Silence` when no answer came within `limitMs`. */
  async askWithin<T>(limitMs: number, name: string, argument: unknown = null): Promise<T> {
    const asked = this.ask<T>(name, argument)
    const id = this.#lastId
    const cancel = this.#clock.after(limitMs, () => {
      this.#waiting.get(id)?.reject(new Silence(`nothing was said for ${limitMs / 1000} s`))
      this.#waiting.delete(id)
    })
    try {
      return await asked
    } finally {
      cancel()
    }
  }

  /** Whoever still waits for an answer is told that none will come. Not to be called before everything that was sent has been read. */
  close(reason: string): void {
    this.#closed = new Error(reason)
    for (const { reject } of this.#waiting.values()) reject(this.#closed)
    this.#waiting.clear()
  }

  #take(message: Message, socket?: Socket): void {
    if (message.sallyport === 'question') return void this.#answer(message, socket)
    if (message.sallyport !== 'answer') return
    const answer = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error === undefined) answer?.resolve(message.value)
    else answer?.reject(new Error(message.error))
  }

  async #answer({ id, name, argument }: Extract<Message, { sallyport: 'question' }>, socket?: Socket): Promise<void> {
    try {
      const value = await this.#handlers[name]!(argument, socket)
      this.#send({ sallyport: 'answer', id, value })
    } catch (error) {
      this.#send({ sallyport: 'answer', id, error: error instanceof Error ? error.message : String(error) })
    }
  }

  #send(message: Message, socket?: Socket): void {
    this.#end.send(message, socket, { keepOpen: true }, (error) => {
      // Others may have been answered before the channel closed, so only this one is given up.
      if (error && message.sallyport === 'question') this.#giveUp(message.id, error)
    })
  }

  #giveUp(id: number, error: Error): void {
    this.#waiting.get(id)?.reject(new Error(`the channel to the other process is closed: ${error.message}`))
    this.#waiting.delete(id)
  }
}
