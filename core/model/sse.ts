// Reads server-sent events (WHATWG HTML, section 9.2) from buffers as they come, however the network cut them.
// Only whole lines are decoded, so a character that was split between two reads is never torn.

const LF = 10
const CR = 13
const COLON = 58
const SPACE = 32
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024

/** Gets each event: its data, and its type (`message` if it names none). */
export type OnSseEvent = (data: string, type: string) => void

export class SseParser {
  readonly #onEvent: OnSseEvent
  readonly #maxBytes: number
  /** Pieces of a line whose end has not come. */
  #pieces: Buffer[] = []
  /** Bytes of the event so far. */
  #size = 0
  #data: string | null = null
  #type = ''
  #isFirstLine = true
  #skipsLf = false

  /** `maxBytes`: the largest event that is taken, default 16 MiB. */
  constructor(onEvent: OnSseEvent, maxBytes: number = DEFAULT_MAX_BYTES) {
    this.#onEvent = onEvent
    this.#maxBytes = maxBytes
  }

  /** Takes the bytes of one read. Throws RangeError when an event is larger than `maxBytes`. */
  push(bytes: Buffer): void {
    let start = 0
    if (this.#skipsLf && bytes.length > 0) {
      this.#skipsLf = false
      if (bytes[0] === LF) start = 1
    }
    let lf = bytes.indexOf(LF, start)
    let cr = bytes.indexOf(CR, start)
    while (lf >= 0 || cr >= 0) {
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr
      this.#takeLine(bytes, start, end)
      start = end + 1
      if (end === cr) {
        if (start === bytes.length) this.#skipsLf = true
        else if (bytes[start] === LF) start++
        cr = bytes.indexOf(CR, start)
      }
      if (lf >= 0 && lf < start) lf = bytes.indexOf(LF, start)
    }
    if (start < bytes.length) this.#keep(bytes, start)
  }

  /** The connection ended. An event whose blank line is missing is delivered: several servers forget it after the last one. */
  end(): void {
    if (this.#pieces.length > 0) this.#takeLine(EMPTY, 0, 0)
    this.#dispatch()
  }

  #keep(bytes: Buffer, start: number): void {
    this.#grow(bytes.length - start)
    // The transport may use its buffer again.
    this.#pieces.push(Buffer.from(bytes.subarray(start)))
  }

  #grow(bytes: number): void {
    this.#size += bytes
    if (this.#size > this.#maxBytes) throw new RangeError(`an event of the stream is larger than ${this.#maxBytes} bytes`)
  }

  #takeLine(bytes: Buffer, start: number, end: number): void {
    if (this.#pieces.length > 0) {
      this.#pieces.push(bytes.subarray(start, end))
      const line = Buffer.concat(this.#pieces)
      this.#pieces = []
      this.#size += end - start
      this.#readLine(line, 0, line.length)
    } else {
      this.#size += end - start
      this.#readLine(bytes, start, end)
    }
    if (this.#size > this.#maxBytes) this.#grow(0)
  }

  #readLine(bytes: Buffer, from: number, end: number): void {
    let start = from
    if (this.#isFirstLine) {
      this.#isFirstLine = false
      if (end - start >= 3 && bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) start += 3
    }
    if (start === end) return this.#dispatch()
    if (bytes[start] === 0x64) {
      const value = valueOf(bytes, start, end, 'data')
      if (value !== null) this.#data = this.#data === null ? value : `${this.#data}\n${value}`
    } else if (bytes[start] === 0x65) {
      this.#type = valueOf(bytes, start, end, 'event') ?? this.#type
    } else if (bytes[start] === COLON) this.#size = this.#data === null ? 0 : this.#size
  }

  #dispatch(): void {
    const data = this.#data
    const type = this.#type
    this.#data = null
    this.#type = ''
    this.#size = 0
    if (data !== null && data !== '') this.#onEvent(data, type === '' ? 'message' : type)
  }
}

const EMPTY = Buffer.alloc(0)

/** The value of a field line if its name is `name`, else null. One space after the colon does not belong to it. */
function valueOf(bytes: Buffer, start: number, end: number, name: string): string | null {
  const after = start + name.length
  if (after > end) return null
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return null
  if (after === end) return ''
  if (bytes[after] !== COLON) return null
  const from = bytes[after + 1] === SPACE && after + 1 < end ? after + 2 : after + 1
  return bytes.toString('utf8', from, end)
}
