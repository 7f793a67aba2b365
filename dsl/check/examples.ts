// Runs the `examples` and `never` texts of detectors: a detector that misses its own examples is an error before it guards anything.
import { exampleMatcher } from '../evaluate/match.ts'
import type { CompiledDetector } from '../compile/bundle.ts'
import type { Names } from './names.ts'
import type { Report } from './report.ts'

const MEND = { examples: 'Correct the pattern, the checks, or the example.', never: 'Make the pattern narrower, or add a check.' }

const RUNAWAY = 'Bound its repeats, and let no two neighbouring parts match the same characters; or make the text shorter.'

export function checkExamples({ detectors: declared, vocabulary }: Names, detectors: readonly CompiledDetector[], report: Report): void {
  const finds = exampleMatcher(detectors, vocabulary)
  for (const detector of detectors) {
    for (const clause of declared.get(detector.name)?.clauses ?? []) {
      if (clause.kind !== 'examples' && clause.kind !== 'never') continue
      for (const { value, span } of clause.texts) {
        const found = finds(detector.name, value)
        if (found === null) report.error('P203', span, `a pattern of \`${detector.name}\` runs away on \`${value}\``, RUNAWAY)
        if (clause.kind === 'examples' && found === false)
          report.error('P201', span, `\`${detector.name}\` does not find its own example \`${value}\``, MEND.examples)
        if (clause.kind === 'never' && found)
          report.error('P202', span, `\`${detector.name}\` finds \`${value}\`, which it never should`, MEND.never)
      }
    }
  }
}
