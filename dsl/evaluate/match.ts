// The plain meaning of a detector, for checks at compile time: patterns by the JavaScript engine on short example texts. The run time
// has an engine of its own (linear on hostile text) that agrees with this one on the portable dialect.
import type { CompiledDetector } from '../compile/bundle.ts'
import type { Vocabulary } from '../vocabulary/vocabulary.ts'

/** Says whether a text holds a finding that passes the detector's checks and entropy and reaches its score. */
export function exampleMatcher(detector: CompiledDetector, { checks }: Vocabulary): (text: string) => boolean {
  const patterns = detector.patterns.flatMap(({ source }) => {
    try {
      return [new RegExp(source, 'gu')]
    } catch {
      return [new RegExp(source, 'g')]
    }
  })
  const tests = detector.checks.flatMap((name) => checks.filter((check) => check.name === name))
  return (text) =>
    patterns.some((pattern) =>
      [...text.matchAll(pattern)].some((match) => {
        const value = match[detector.group] ?? match[0]
        return tests.every(({ test }) => test(value)) && (detector.entropy === null || entropyOf(value) >= detector.entropy)
      }),
    )
}

/** Shannon entropy in bits per character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const unit of text) counts.set(unit, (counts.get(unit) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
