// Sees through the escapes of JSON source (tool-call arguments), so that a line end written `\n` or a letter written `\u0041` is one to
// detectors. Places are mapped back: a finding covers whole escapes.
import type { Finding } from '../model/content.ts'
import type { Released, StreamScanner } from './port.ts'

const CHARACTERS: { readonly [letter: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const NOTHING: Released = { text: '', findings: [] }
/** `\u` and its four digits. */
const LONGEST_ESCAPE = 6

export interface Unescaped {
  readonly text: string
  /** By unit of `text`: where it begins in the source, and one more for the end; null where source and text are the same. */
  readonly offsets: readonly number[] | null
  /** Units of the source that are used; less than all when the last escape is not complete. */
  readonly used: number
}

/** `isWhole`: nothing follows, so that an escape without its end stands for itself. */
export function unescapeJson(source: string, isWhole: boolean): Unescaped {
  if (!source.includes('\\')) return { text: source, offsets: null, used: source.length }
  const offsets: number[] = []
  let text = ''
  let at = 0
  while (at < source.length) {
    const length = source[at] === '\\' ? escapeLength(source, at) : 1
    if (length === 0 && !isWhole) break
    offsets.push(at)
    text += length < 2 ? source[at]! : escaped(source.slice(at + 1, at + length))
    at += Math.max(length, 1)
  }
  offsets.push(at)
  return { text, offsets, used: at }
}

/** Units of the escape at a backslash; 1 if it is none, 0 if its end is not there. */
function escapeLength(source: string, at: number): number {
  if (at + 1 >= source.length) return 0
  if (source[at + 1] !== 'u') return 2
  const digits = source.slice(at + 2, at + LONGEST_ESCAPE)
  if (!/^[0-9a-fA-F]*$/.test(digits)) return 1
  return digits.length === 4 ? LONGEST_ESCAPE : 0
}

function escaped(letters: string): string {
  return letters.length > 1 ? String.fromCharCode(Number.parseInt(letters.slice(1), 16)) : (CHARACTERS[letters] ?? letters)
}

/** Findings of an unescaped text, at their places in the source. */
export function placeInSource(findings: readonly Finding[], offsets: readonly number[] | null): readonly Finding[] {
  if (offsets === null) return findings
  return findings.map((finding) => ({ ...finding, start: offsets[finding.start]!, end: offsets[finding.end]! }))
}

/** A stream of JSON source over a scanner of what it says. */
export class JsonStream implements StreamScanner {
  readonly #inner: StreamScanner
  /** Source that is not released. */
  #source = ''
  /** By unit of text that the inner scanner holds: its length in the source; null while all are 1. */
  #lengths: number[] | null = null
  /** Source behind the last complete escape. */
  #pending = ''

  constructor(inner: StreamScanner) {
    this.#inner = inner
  }

  get held(): number {
    return this.#source.length
  }

  push(source: string): Released {
    if (source === '') return NOTHING
    this.#source += source
    return this.#feed(this.#pending + source, false)
  }

  end(): Released {
    const { text, findings } = this.#feed(this.#pending, true)
    const last = this.#release(this.#inner.end())
    return {
      text: text + last.text,
      findings: [...findings, ...last.findings.map((one) => ({ ...one, start: one.start + text.length, end: one.end + text.length }))],
    }
  }

  #feed(source: string, isWhole: boolean): Released {
    const { text, offsets, used } = unescapeJson(source, isWhole)
    this.#pending = source.slice(used)
    if (offsets !== null) this.#lengths ??= Array.from({ length: this.#inner.held }, () => 1)
    if (this.#lengths !== null)
      for (let i = 0; i < text.length; i++) this.#lengths.push(offsets === null ? 1 : offsets[i + 1]! - offsets[i]!)
    return this.#release(this.#inner.push(text))
  }

  #release({ text, findings }: Released): Released {
    if (text === '') return NOTHING
    const lengths = this.#lengths
    const offsets = lengths === null ? null : [0]
    if (lengths !== null) for (let i = 0; i < text.length; i++) offsets!.push(offsets![i]! + lengths[i]!)
    const length = offsets === null ? text.length : offsets.at(-1)!
    const source = this.#source.slice(0, length)
    this.#source = this.#source.slice(length)
    this.#lengths = lengths === null || lengths.length === text.length ? null : lengths.slice(text.length)
    return { text: source, findings: placeInSource(findings, offsets) }
  }
}
