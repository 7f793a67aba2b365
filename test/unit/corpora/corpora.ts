// Reads the corpora (`test/corpora/`) as trials: one question each, "is this found here?" or "is nothing of this label reported here?".
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const CORPORA = join(import.meta.dirname, '../../corpora')
/** A label whose examples upstream itself believes less than this is a mere shape: nine digits, say. */
const SHAPE_BELOW = 0.4

export type Class = 'secret' | 'checksum' | 'pattern' | 'name'
/** `literal`: as somebody wrote it down. `generated`: a random sample or a filled template. */
export type Origin = 'literal' | 'generated'
export type Span = readonly [start: number, end: number]

export interface Label {
  /** Full names; a finding of any of them counts as the label. */
  readonly detectors: readonly string[]
  readonly class: Class
}

export interface Line {
  readonly text: string
  readonly source: string
  readonly trials: readonly Trial[]
  /** Everything that is labelled in a whole sentence; null: only the trials are known. */
  readonly labelled: readonly Span[] | null
}

export interface Trial {
  readonly label: string
  readonly origin: Origin
  /** Must be found, or must not be reported. */
  readonly expect: boolean
  /** Where it must be found; null: anywhere. */
  readonly span: Span | null
  readonly isShape: boolean
}

interface Row {
  readonly kind: string
  readonly label?: string
  readonly text: string
  readonly expect: boolean
  readonly spans?: readonly Span[] | null
  readonly entities?: readonly { readonly label: string; readonly start: number; readonly end: number }[]
  readonly mustNot?: readonly string[]
  readonly score?: number
  readonly origin?: Origin
  readonly source: string
}

export function readLabels(): { readonly [label: string]: Label } {
  return JSON.parse(readFileSync(join(CORPORA, 'labels.json'), 'utf8')) as { [label: string]: Label }
}

/** All lines of all files, in the order of the files' names. */
export function readLines(): readonly Line[] {
  const files = readdirSync(CORPORA).filter((name) => name.endsWith('.jsonl'))
  return files.sort().flatMap((name) => {
    const rows = readFileSync(join(CORPORA, name), 'utf8').trimEnd().split('\n')
    return rows.map((row) => toLine(JSON.parse(row) as Row))
  })
}

function toLine(row: Row): Line {
  const origin = row.origin ?? (row.kind === 'pii-sentence' ? 'generated' : 'literal')
  const { text, source, entities = [], mustNot = [] } = row
  const of = (label: string, expect: boolean, span: Span | null = null): Trial => ({ label, origin, expect, span, isShape: false })
  if (row.label === undefined) {
    const trials = [...entities.map(({ label, start, end }) => of(label, true, [start, end])), ...mustNot.map((label) => of(label, false))]
    return { text, source, trials, labelled: entities.map(({ start, end }) => [start, end]) }
  }
  const isShape = row.score !== undefined && row.score < SHAPE_BELOW
  const places = row.expect && row.spans ? row.spans : [null]
  return { text, source, trials: places.map((span) => ({ ...of(row.label!, row.expect, span), isShape })), labelled: null }
}
