// Runs the `examples` and `never` texts of detectors: a detector that misses its own examples is an error before it guards anything.
import { exampleMatcher } from '../evaluate/match.ts'
import type { CompiledDetector } from '../compile/bundle.ts'
import type { Names } from './names.ts'
import type { Report } from './report.ts'

export function checkExamples(names: Names, detectors: readonly CompiledDetector[], report: Report): void {
  for (const detector of detectors) {
    const declaration = names.detectors.get(detector.name)
    if (!declaration || detector.patterns.length === 0) continue
    const finds = exampleMatcher(detector, names.vocabulary)
    for (const clause of declaration.clauses) {
      if (clause.kind !== 'examples' && clause.kind !== 'never') continue
      for (const { value, span } of clause.texts) {
        const found = finds(value)
        if (clause.kind === 'examples' && !found)
          report.error(
            'P201',
            span,
            `\`${declaration.name.text}\` does not find its own example \`${value}\``,
            'Correct the pattern, the checks, or the example.',
          )
        if (clause.kind === 'never' && found)
          report.error(
            'P202',
            span,
            `\`${declaration.name.text}\` finds \`${value}\`, which it never should`,
            'Make the pattern narrower, or add a check.',
          )
      }
    }
  }
}
