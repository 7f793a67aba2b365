// The plain meaning of a detector, for its examples at compile time: patterns by the JavaScript engine on short texts. The run time
// has an engine of its own (linear on hostile text) that agrees with this one on the portable dialect.
import { effortOf } from '../regex/effort.ts'
import type { CompiledDetector } from '../compile/bundle.ts'
import type { Vocabulary } from '../vocabulary/vocabulary.ts'

type Finds = (text: string) => boolean

/**
 * Says whether a text holds something that a detector finds: patterns and terms with checks and entropy, for unions what members find.
 * Null: an engine that backtracks would take too long to say.
 */
export function exampleMatcher(
  detectors: readonly CompiledDetector[],
  vocabulary: Vocabulary,
): (detector: string, text: string) => boolean | null {
  const known = new Map(detectors.map((detector) => [detector.name, findsOwn(detector, vocabulary)]))
  const members = new Map(detectors.map(({ name, any }) => [name, any]))
  const costly = new Map(
    detectors.map(({ name, patterns }) => {
      const efforts = patterns.map(({ source }) => effortOf(source))
      return [name, (text: string) => efforts.some((isTooCostly) => isTooCostly(text))]
    }),
  )
  const finds = (name: string, text: string): boolean | null => {
    if (costly.get(name)?.(text) === true) return null
    if (known.get(name)?.(text) === true) return true
    const found = (members.get(name) ?? []).map((member) => finds(member, text))
    return found.includes(true) ? true : found.includes(null) ? null : false
  }
  return finds
}

function findsOwn(detector: CompiledDetector, { checks, views = {} }: Vocabulary): Finds {
  const patterns = detector.patterns.flatMap(({ source }) => compilePattern(source))
  const terms = detector.terms.map((term) => term.toLowerCase())
  const tests = detector.checks.flatMap((name) => checks.filter((check) => check.name === name))
  const counts = (value: string): boolean =>
    tests.every(({ test }) => test(value)) && (detector.entropy === null || entropyOf(value) >= detector.entropy)
  const read = (text: string): string => (detector.normalize === undefined ? text : (views[detector.normalize]?.(text) ?? text))
  return (text) =>
    patterns.some((pattern) => [...read(text).matchAll(pattern)].some((match) => counts(match[detector.group] ?? match[0]))) ||
    findsTerm(text, terms, counts)
}

/** What is outside the dialect was reported when the pattern was read. */
function compilePattern(source: string): readonly RegExp[] {
  for (const flags of ['gu', 'g']) {
    try {
      return [new RegExp(source, flags)]
    } catch {}
  }
  return []
}

/** A term stands as a whole word, in whatever case. By hand: a list may hold a million of them, and as many regexes take minutes. */
function findsTerm(text: string, terms: readonly string[], counts: (value: string) => boolean): boolean {
  const lower = text.toLowerCase()
  return terms.some((term) => {
    if (term === '') return false
    for (let at = lower.indexOf(term); at >= 0; at = lower.indexOf(term, at + 1)) {
      const end = at + term.length
      const isWhole = !(isLetter(lower[at - 1]) && isLetter(term[0])) && !(isLetter(lower[end]) && isLetter(term.at(-1)))
      if (isWhole && counts(lower.length === text.length ? text.slice(at, end) : term)) return true
    }
    return false
  })
}

/** Scripts without spaces, and Korean with its particles, have no word boundary: `关于蓝鸟计划的预算` holds the term `蓝鸟计划`. */
const LETTER =
  /[[\p{L}\p{N}]--[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\p{sc=Tai_Le}\p{sc=New_Tai_Lue}\p{sc=Tai_Tham}\p{sc=Javanese}\p{sc=Tibetan}々〆ー]]/v

const isLetter = (character: string | undefined): boolean => character !== undefined && LETTER.test(character)

/** Shannon entropy in bits per character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const unit of text) counts.set(unit, (counts.get(unit) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
