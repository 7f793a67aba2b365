// What the rest of the house sees of detection: scan texts, or watch a stream; a failed detector is never an empty result.
import type { Finding, Part } from '../model/content.ts'

export type TextEncoding = Part['encoding']

/** A detector as policies define it (the bundle's form), without its examples. */
export interface DetectorSpec {
  readonly name: string
  readonly patterns: readonly PatternSpec[]
  readonly terms: readonly string[]
  /** Members of a union. */
  readonly any: readonly string[]
  readonly checks: readonly string[]
  readonly near: readonly { readonly words: readonly string[]; readonly withinChars: number; readonly adds: number }[]
  readonly entropy: number | null
  readonly score: number
  readonly group: number
  /** `marks`: its patterns read the text in marks (`marks.ts`); absent: folded. */
  readonly normalize?: string
}

export interface PatternSpec {
  readonly source: string
  readonly minLength: number
  readonly maxLength: number | null
  /** Without a longest match: what may be read before a match is certain, and behind it; between, it only grows. Absent: never certain. */
  readonly certainAfter?: number
  readonly literals: readonly string[]
}

/** Findings per text, in the order given; sorted by start. `failed` names detectors that gave no result in time. */
export interface ScanResult {
  readonly findings: readonly (readonly Finding[])[]
  readonly failed: readonly string[]
}

/** Text of a stream that no guard can change any more, with the findings in it (offsets from the start of `text`). */
export interface Released {
  readonly text: string
  readonly findings: readonly Finding[]
}

/** One channel of one streamed answer. Any chunking of the same text releases the same text with the same findings. */
export interface StreamScanner {
  push(text: string): Released
  end(): Released
  /** Characters held back now. */
  readonly held: number
}

export interface Detection {
  /**
   * Scans texts for members of `detectors` (full names, unions allowed; findings carry the member).
   * Returns at once for short texts, a promise for those that go to the worker pool. Results are cached by text.
   * `encodings`, by text: JSON source is read through its escapes; offsets are those of the source.
   */
  scan(
    texts: readonly string[],
    detectors: readonly string[],
    deadlineMs: number,
    encodings?: readonly TextEncoding[],
  ): ScanResult | Promise<ScanResult>
  /** Makes what scans and streams for these need, with pauses for the event loop; without it the first of them does. */
  prepare(detectors: readonly string[]): Promise<void>
  openStream(detectors: readonly string[], encoding?: TextEncoding): StreamScanner
  /** Names of the members of a union, or the detector itself; empty for an unknown name. */
  members(detector: string): readonly string[]
  /** Those of the detectors, or members of unions, that are services: they read whole texts only, no streams. */
  engineMembers(detectors: readonly string[]): readonly string[]
  close(): Promise<void>
}
