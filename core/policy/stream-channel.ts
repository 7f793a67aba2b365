// One text of a streamed answer on its way through the governor: what its scanner holds, what has left, and what its name says of it.
import type { Location, Part } from '../model/content.ts'
import type { Released, StreamScanner } from '../detect/port.ts'
import type { QuoteState } from './json-text.ts'

export interface Channel {
  readonly location: Location
  readonly encoding: Part['encoding']
  readonly scanner: StreamScanner
  readonly quotes: QuoteState
  /** What the scanner still holds. */
  pending: string
  /** UTF-16 units that left before the channel was opened again; its scanner reads them once more. */
  known: number
  /** The last that left, as it came; `recent` stands behind it. */
  tail: string
  recent: string[]
  /** The beginning of the match that the last that left belongs to; empty if there is none. */
  opening: string
}

/** Longer than what any standard detector matches. */
const TAIL_CHARS = 2048
/** Enough of a match in pieces for it to be certain. */
const OPENING_CHARS = 256

/** What the scanner holds, as it came. */
export function takePending(channel: Channel): string {
  const text = channel.pending.slice(channel.known)
  channel.pending = ''
  channel.known = 0
  return text
}

/** Takes what left before out of what is released. Of a finding that began in it, the rest remains. */
export function withoutKnown(channel: Channel, released: Released): Released {
  const { length } = released.text
  if (length === 0) return released
  channel.opening = openingOf(channel.opening, released)
  channel.pending = channel.pending.slice(length)
  const known = Math.min(channel.known, length)
  channel.known -= known
  const text = released.text.slice(known)
  keepTail(channel, text)
  if (known === 0) return released
  const findings = released.findings.filter(({ end }) => end > known)
  return { text, findings: findings.map((one) => ({ ...one, start: Math.max(0, one.start - known), end: one.end - known })) }
}

/** A text that grows by `+=` stays a tree of its pieces in memory, each with the text that it was cut out of: five times its size. */
const MAX_RECENT = 16

function keepTail(channel: Channel, text: string): void {
  channel.recent.push(text)
  if (channel.recent.length < MAX_RECENT) return
  channel.tail = tailOf(channel)
  channel.recent = []
}

/** The last that left, as much of it as a match can reach back. */
export function tailOf({ tail, recent }: Channel): string {
  return [tail, ...recent].join('').slice(-TAIL_CHARS)
}

/** The beginning of the match at the end of what is released; `before`: of the one that this may continue. */
function openingOf(before: string, { text, findings }: Released): string {
  const last = findings.find(({ end }) => end === text.length)
  if (!last) return ''
  const first = findings.findLast(({ detector, continues }) => detector === last.detector && !continues)
  return first ? text.slice(first.start, first.start + OPENING_CHARS) : before
}

/** `<choice>/<kind>/whole/<number>`: a text that came in one piece, and never goes on. */
export function isWhole(name: string): boolean {
  return name.includes('/whole/')
}

/** Arguments of functions are JSON source (`<choice>/arguments/<call>`); inputs of custom tools and names, a step further down, are not. */
export function encodingOfChannel(name: string): Part['encoding'] {
  const [, kind, , further] = name.split('/')
  return kind === 'arguments' && further === undefined ? 'json' : 'text'
}

export function locationOfChannel(name: string): Location {
  const kind = name.split('/')[1]
  if (kind === 'arguments') return 'completion.arguments'
  return kind === 'reasoning' ? 'completion.reasoning' : 'completion.text'
}
