// Frames that go out in one write: they stand in one buffer, which grows with them, and one promise answers all who wait for them.
import { frameBound, writeFrame, type FrameHead } from './frame.ts'
import type { Lines } from './lines.ts'

const INITIAL_BYTES = 256 * 1024
/** A buffer that one burst has made larger than this is given back to the system. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024
/** As large as a big exchange. */
const PADDING_BYTES = 64 * 1024

export class Batch {
  /** Of the segment that it goes into. */
  readonly number: number
  readonly written = Promise.withResolvers<void>()
  buffer: Buffer
  /** Bytes of the buffer that are taken. */
  length = 0
  frames = 0

  constructor(number: number, buffer: Buffer) {
    this.number = number
    this.buffer = buffer
    // Nobody may be waiting when it fails.
    this.written.promise.catch(() => undefined)
  }

  /** Returns the bytes of the frame. */
  add(head: FrameHead, lines: Lines): number {
    const needed = this.length + frameBound(lines)
    if (needed > this.buffer.length) this.#grow(needed)
    const from = this.length
    this.length = writeFrame(this.buffer, from, head, lines)
    this.frames++
    return this.length - from
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
}

/** Keeps one buffer for the next batch. */
export class BatchBuffers {
  #spare: Buffer | null = null

  take(): Buffer {
    const buffer = this.#spare ?? Buffer.allocUnsafeSlow(INITIAL_BYTES)
    this.#spare = null
    return buffer
  }

  giveBack(buffer: Buffer): void {
    if (buffer.length <= MAX_KEPT_BYTES) this.#spare ??= buffer
  }
}

/** A frame that says nothing: a disk that takes it has room again. */
export function paddingFrame(time: number): Buffer {
  const lines: Lines = { requests: ' '.repeat(PADDING_BYTES), decisions: '', findings: '', attempts: '', admin_events: '' }
  const buffer = Buffer.alloc(frameBound(lines))
  return buffer.subarray(0, writeFrame(buffer, 0, { kind: 'padding', seq: 0, openedSeq: 0, time }, lines))
}
