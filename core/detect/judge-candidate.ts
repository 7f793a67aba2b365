// From candidate to finding: of all ends at a start the longest that passes checks and entropy counts, then words nearby add to its score.
// Trying shorter ends means that a digit glued to a card number does not hide it.
import type { Finding } from '../model/content.ts'
import { ascendingEndsOf, type Candidate } from './candidate.ts'
import type { DetectorSet, NearRule, PreparedDetector } from './detectors.ts'
import { foldWithOffsets, isPlain, readingsOf, takeForPlain } from './fold.ts'
import { VERTICAL_TAB, type GroupPlace } from './group-finder.ts'
import { isLetter } from './letters.ts'

/** Text with the offset of its first unit in the whole text. */
export interface TextWindow {
  readonly text: string
  readonly from: number
  /** Folding changes nothing. */
  readonly isPlain: boolean
}

export function windowOf(text: string, from: number): TextWindow {
  return { text, from, isPlain: isPlain(text) }
}

/** A finding before words nearby are looked at. */
export interface Match {
  readonly detector: number
  readonly start: number
  readonly end: number
  /** How far before `start` the candidate began, where that is a group of it. */
  readonly before?: number
  readonly continues?: true
}

const NONE: readonly Match[] = []

export class CandidateJudge {
  readonly #set: DetectorSet
  /** Per detector: where its last match ended. Matches of one detector do not overlap; the leftmost counts. */
  readonly #lastEnds: number[]
  /** Per detector: the candidate that last brought a match. */
  readonly #decided: number[]
  /** Per detector: the check that last refused all ends, which is asked first. */
  readonly #refused: Uint8Array
  /** Ends of one detector, when it judges all at once. */
  readonly #ends: number[] = []
  /** Whether these were all ends that were left. */
  #hadAll = false
  #turn = 0

  constructor(set: DetectorSet) {
    this.#set = set
    this.#lastEnds = new Array<number>(set.detectors.length).fill(0)
    this.#decided = new Array<number>(set.detectors.length).fill(0)
    this.#refused = new Uint8Array(set.detectors.length)
  }

  /** Matches that begin where the candidate begins. Candidates must come by ascending start. */
  judge(candidate: Candidate, window: TextWindow): readonly Match[] {
    const { start } = candidate
    const turn = ++this.#turn
    const ends = ascendingEndsOf(candidate)
    let matches: Match[] | null = null
    for (let i = ends.length - 2; i >= 0; i -= 2) {
      const end = ends[i]!
      const { detector, source, isPiecewise } = this.#set.automaton.rules[ends[i + 1]!]!
      if (end <= start || this.#decided[detector] === turn || start < this.#lastEnds[detector]!) continue
      if (candidate.continues && (!isPiecewise || start > this.#lastEnds[detector]!)) continue
      const prepared = this.#set.detectors[detector]!
      if (prepared.judgesAtOnce && (window.isPlain || isPlain(slice(window, start, end)))) {
        this.#decided[detector] = turn
        const last = this.#longestOf(prepared, detector, ends, i, start, window)
        if (last >= 0) {
          ;(matches ??= []).push({ detector, start, end: last })
          this.#lastEnds[detector] = last
        }
        if (this.#hadAll) break
        continue
      }
      if (prepared.group === 0 || source === null) {
        if (!this.#passes(prepared, start, end, window)) continue
        ;(matches ??= []).push(candidate.continues ? { detector, start, end, continues: true } : { detector, start, end })
      } else {
        const span = this.#groupOf(source, prepared.group, start, end, window)
        if (!span || !this.#passes(prepared, span.start, span.end, window)) continue
        ;(matches ??= []).push(span.start > start ? { detector, ...span, before: span.start - start } : { detector, ...span })
      }
      this.#decided[detector] = turn
      this.#lastEnds[detector] = end
    }
    return matches ?? NONE
  }

  /** The longest match that passes all checks, of the ends up to `ends[at]`: each check is asked about all that are left. -1 if none does. */
  #longestOf(
    { checks }: PreparedDetector,
    detector: number,
    ends: readonly number[],
    at: number,
    start: number,
    window: TextWindow,
  ): number {
    const { rules } = this.#set.automaton
    const own = this.#ends
    let count = 0
    // Many ends of one rule follow each other.
    for (let i = 0, known = -1, isOwn = false; i <= at; i += 2) {
      const rule = ends[i + 1]!
      if (rule !== known) isOwn = rules[(known = rule)]!.detector === detector
      if (isOwn && ends[i]! > start) own[count++] = ends[i]! - window.from
    }
    this.#hadAll = 2 * count === at + 2
    return this.#lastOf(checks, detector, count, start, window)
  }

  /** Of the first `count` of `#ends`. */
  #lastOf(checks: PreparedDetector['checks'], detector: number, count: number, start: number, window: TextWindow): number {
    for (let k = this.#refused[detector]!, agreed = 0; agreed < checks.length; k = (k + 1) % checks.length) {
      const last = checks[k]!.test.lastOf!(window.text, start - window.from, this.#ends, count)
      if (last < 0) {
        this.#refused[detector] = k
        return -1
      }
      agreed = last + 1 === count ? agreed + 1 : 1
      count = last + 1
    }
    return this.#ends[count - 1]! + window.from
  }

  /** False where `judge` would find nothing: all ends are of one detector, and its checks refuse them. For plain texts. See `Sieve`. */
  mayPass(start: number, ends: Int32Array, from: number, to: number, window: TextWindow): boolean {
    const { rules } = this.#set.automaton
    let known = ends[from + 1]!
    const { detector } = rules[known]!
    const { checks, judgesAtOnce } = this.#set.detectors[detector]!
    if (!judgesAtOnce) return true
    const own = this.#ends
    let count = 0
    for (let i = from; i < to; i += 2) {
      const rule = ends[i + 1]!
      if (rule !== known && rules[(known = rule)]!.detector !== detector) return true
      if (ends[i]! > start) own[count++] = ends[i]! - window.from
    }
    return count === 0 || this.#lastOf(checks, detector, count, start, window) >= 0
  }

  #passes({ checks, entropy }: PreparedDetector, start: number, end: number, window: TextWindow): boolean {
    if (checks.length === 0 && entropy === null) return true
    const match = slice(window, start, end)
    if (window.isPlain || isPlain(match)) return passes(checks, entropy, match)
    return readingsOf(match).some((reading) => passes(checks, entropy, reading))
  }

  /** The place of the capture group in a match; null if it took no part. */
  #groupOf(source: string, group: number, start: number, end: number, window: TextWindow): { start: number; end: number } | null {
    // A character on each side, so that `\b` sees what it saw.
    const from = Math.max(start - 1, window.from)
    const raw = slice(window, from, end + 1)
    if (isPlain(raw)) {
      const place = this.#placeOf(source, group, raw, start - from)
      return place === null
        ? { start, end }
        : place.end <= place.start || from + place.end > end
          ? null
          : { start: from + place.start, end: from + place.end }
    }
    const { text, starts, ends } = foldWithOffsets(raw)
    const first = starts.findIndex((offset) => from + offset >= start)
    for (const reading of new Set([text, takeForPlain(text)])) {
      const place = this.#placeOf(source, group, reading, first)
      if (!place) continue
      if (place.end <= place.start) return null
      const last = from + ends[place.end - 1]!
      return last > end ? null : { start: from + starts[place.start]!, end: last }
    }
    // Letters of both readings in one match: better too much than nothing.
    return { start, end }
  }

  /** The same in a text that is folded; the start is -1 where the group took no part, and all is null without a match. */
  #placeOf(source: string, group: number, text: string, from: number): GroupPlace | null {
    const place = isPlain(text) && !text.includes(VERTICAL_TAB) ? this.#set.groupFinder(source, group)?.find(text, from) : undefined
    if (place !== undefined) return place
    const matcher = this.#set.groupPattern(source).matcher(text)
    return matcher.find(from) ? { start: matcher.start(group), end: matcher.end(group) } : null
  }

  /** The finding, once the detector's `reach` of text behind the match is there, or the text has ended. */
  finish({ detector, start, end, before, continues }: Match, window: TextWindow): Finding {
    const { name, score, near, checkNames } = this.#set.detectors[detector]!
    const added = near.reduce((sum, rule) => sum + (hasWordNear(rule, start, end, window) ? rule.adds : 0), 0)
    const finding = { detector: name, start, end, score: Math.min(1, Math.round((score + added) * 1e6) / 1e6), checks: checkNames }
    if (before !== undefined) return { ...finding, before }
    return continues ? { ...finding, continues } : finding
  }
}

function passes(checks: PreparedDetector['checks'], entropy: number | null, match: string): boolean {
  for (let i = 0; i < checks.length; i++) if (!checks[i]!.test(match)) return false
  return entropy === null || shannonEntropy(match) >= entropy
}

function slice({ text, from }: Pick<TextWindow, 'text' | 'from'>, start: number, end: number): string {
  return text.slice(Math.max(0, start - from), Math.max(0, end - from))
}

function hasWordNear({ words, withinChars }: NearRule, start: number, end: number, window: TextWindow): boolean {
  const beforeThat = slice(window, start - withinChars - 1, start - withinChars)
  const afterThat = slice(window, end + withinChars, end + withinChars + 1)
  const holds = (text: string, left: string, right: string): boolean =>
    readingsOf(text).some((reading) => {
      const lower = reading.toLowerCase()
      return words.some((word) => holdsWord(lower, word, left, right))
    })
  return holds(slice(window, start - withinChars, start), beforeThat, '') || holds(slice(window, end, end + withinChars), '', afterThat)
}

/** Whether `word` stands in `text` as a whole word; `left` and `right` are what stands beside the text. */
function holdsWord(text: string, word: string, left: string, right: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = at > 0 ? text[at - 1]! : left
    const after = at + word.length < text.length ? text[at + word.length]! : right
    if (!(isLetter(before) && isLetter(word[0]!)) && !(isLetter(after) && isLetter(word.at(-1)!))) return true
  }
  return false
}

/** Bits per character (Shannon 1948), over UTF-16 units. */
export function shannonEntropy(text: string): number {
  const counts = new Map<number, number>()
  for (let i = 0; i < text.length; i++) counts.set(text.charCodeAt(i), (counts.get(text.charCodeAt(i)) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

const compared = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** By start; of those that begin together the longer first, and of what is found twice what stands there plainly. */
export function inTextOrder(a: Finding, b: Finding): number {
  return a.start - b.start || b.end - a.end || compared(a.detector, b.detector) || compared(a.decoded ?? '', b.decoded ?? '')
}
