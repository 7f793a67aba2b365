// Candidates that a worker sends before it has read a text to its end. It waits for those who judge them, so that no text, however full of
// candidates, takes more memory than a few batches.
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Batch, ScanReply } from './worker.ts'

/** Where in `progress`. */
export const JUDGED = 0
export const BEGUN = 1
/** More than a worker ever waits for. */
const ALL = 0x7fffffff

export class BatchFeed {
  /** For the worker. */
  readonly batches: MessagePort
  /** Shared with the worker: how many have been judged, and whether it has begun. */
  readonly progress = new Int32Array(new SharedArrayBuffer(8))
  readonly #port: MessagePort
  readonly #waiting: Batch[] = []
  #received = 0
  #wake: () => void = () => {}

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.batches = port2
    this.#port = port1
    port1.on('message', (batch: Batch) => {
      this.#waiting.push(batch)
      this.#received++
      this.#wake()
    })
  }

  /** Whether a worker has all it needs, and reads. */
  get hasBegun(): boolean {
    return Atomics.load(this.progress, BEGUN) !== 0
  }

  /** All batches, in order, up to the last that the reply counts; none any more when there will be no reply. */
  async *until(reply: Promise<ScanReply>): AsyncGenerator<Batch, void> {
    let total = Infinity
    const end = (batches: number): void => {
      total = batches
      this.#wake()
    }
    reply.then(
      ({ batches }) => end(batches),
      () => end(0),
    )
    while (this.#received < total || (this.#waiting.length > 0 && total > 0)) {
      const batch = this.#waiting.shift()
      if (!batch) {
        await new Promise<void>((resolve) => (this.#wake = resolve))
        continue
      }
      yield batch
      Atomics.add(this.progress, JUDGED, 1)
      Atomics.notify(this.progress, JUDGED)
    }
  }

  /** The worker waits no more, whatever became of what it sent. */
  close(): void {
    Atomics.store(this.progress, JUDGED, ALL)
    Atomics.notify(this.progress, JUDGED)
    this.#port.close()
  }
}
