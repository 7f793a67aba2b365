// Random ids, cheap enough for the hot path: random bytes are drawn in blocks.
import { randomFillSync } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const BLOCK = Buffer.allocUnsafeSlow(8192)
let used = BLOCK.length

function draw(count: number): number {
  if (used + count > BLOCK.length) {
    randomFillSync(BLOCK)
    used = 0
  }
  used += count
  return used - count
}

/** `prefix_` and 26 characters of Crockford's base 32: 130 random bits. */
export function newId(prefix: string): string {
  const start = draw(26)
  let id = prefix + '_'
  for (let i = start; i < start + 26; i++) id += ALPHABET[BLOCK[i]! & 31]
  return id
}

/** A W3C trace id: 32 hex digits, never all zero. */
export function newTraceId(): string {
  const start = draw(16)
  const id = BLOCK.toString('hex', start, start + 16)
  return id === '00000000000000000000000000000000' ? newTraceId() : id
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The trace id of a `traceparent` header (W3C Trace Context), or null if it is not valid. */
export function traceIdOf(traceparent: string | null): string | null {
  const id = traceparent === null ? undefined : TRACEPARENT.exec(traceparent)?.[1]
  return id === undefined || /^0+$/.test(id) ? null : id
}
