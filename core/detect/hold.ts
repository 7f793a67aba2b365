// How much of a stream is held at most, and what happens there: findings that overlap in a chain are parted, and each part is protected.
// So no answer, however it is written, can make a stream wait longer than the bound.
import type { Finding } from '../model/content.ts'
import { MAX_WORD_CHARS } from './encoded.ts'
import type { DetectorSpec, Released } from './port.ts'

/** A match is certain before it ends, and nothing is asked about the whole of it: a stream can release it in pieces. */
export function isPiecewise({ checks, near, entropy, group }: DetectorSpec): boolean {
  return checks.length === 0 && near.length === 0 && entropy === null && group === 0
}

/**
 * Characters that a stream holds for these detectors at most, as detectors read them: what is invisible, and the second half of a pair,
 * does not count. Null: a pattern has no longest match.
 */
export function boundOf(specs: readonly DetectorSpec[]): number | null {
  // A word may be encoded text, whatever detectors look for.
  let bound = specs.length === 0 ? 0 : MAX_WORD_CHARS
  for (const spec of specs) {
    const longest = longestHeld(spec)
    if (longest === null) return null
    bound = Math.max(bound, longest)
  }
  return bound
}

/** One more than the match and the text behind it, to see whether a word ends there. */
function longestHeld(spec: DetectorSpec): number | null {
  const lengths = [...spec.patterns.map((pattern) => heldFor(pattern, isPiecewise(spec))), ...spec.terms.map(({ length }) => length)]
  if (lengths.includes(null)) return null
  return Math.max(0, ...lengths.map(Number)) + Math.max(0, ...spec.near.map(({ withinChars }) => withinChars)) + 1
}

function heldFor({ maxLength, certainAfter }: DetectorSpec['patterns'][number], isInPieces: boolean): number | null {
  return maxLength ?? (isInPieces && certainAfter !== undefined ? certainAfter : null)
}

/** Two pieces of a stream as one. */
export function joined(first: Released, second: Released): Released {
  if (first.text === '') return second
  if (second.text === '') return first
  const { length } = first.text
  const moved = second.findings.map((finding) => ({ ...finding, start: finding.start + length, end: finding.end + length }))
  return { text: first.text + second.text, findings: moved.length === 0 ? first.findings : [...first.findings, ...moved] }
}

/** The findings, those that lie over `limit` in two. */
export function partedAt(findings: readonly Finding[], limit: number): Finding[] {
  return findings.flatMap((finding): Finding[] => {
    if (finding.start >= limit || finding.end <= limit) return [finding]
    return [
      { ...finding, end: limit },
      { ...finding, start: limit, continues: true },
    ]
  })
}
