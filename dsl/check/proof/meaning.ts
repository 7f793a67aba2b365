// Everything that is proven about a set of policies that checks: it reads what was compiled, reports warnings, and changes nothing.
// All of it is bounded: what would take too long is not proven, and then nothing is said.
import { claimOf } from './claims.ts'
import { findAttribute, type Names } from '../names.ts'
import { findClashes } from './clashes.ts'
import { findContradictions } from './contradictions.ts'
import { findCriticalFailingOpen, findExpiring, findLongTrials } from './operation.ts'
import { findOddCharacters } from './characters.ts'
import { findShadows } from './shadows.ts'
import { findUnboundedOnStreams, findUnused } from './unused.ts'
import { Terms } from './formula.ts'
import type { CompiledDetector, CompiledPolicy } from '../../compile/bundle.ts'
import type { Report } from '../report.ts'
import type { SourceFile } from '../../diagnostics/diagnostic.ts'

export interface Meaning {
  readonly policies: readonly CompiledPolicy[]
  readonly detectors: readonly CompiledDetector[]
  readonly files: readonly SourceFile[]
  readonly names: Names
  /** ISO date; without it nothing is said about the end of exceptions. */
  readonly today?: string | undefined
}

/** Steps of all proofs together: about 50 ms. */
const MAX_STEPS = 200_000

/** Reports what is wrong with policies that compile. Says nothing where there are errors: half a policy proves nothing. */
export function checkMeaning({ policies, detectors, files, names, today }: Meaning, report: Report): void {
  findOddCharacters(files, report)
  if (report.diagnostics.some(({ severity }) => severity === 'error')) return
  findUnused(names, report)
  findUnboundedOnStreams(names, policies, detectors, report)
  findCriticalFailingOpen(names, policies, report)
  if (today !== undefined) {
    findExpiring(names, today, report)
    findLongTrials(names, policies, today, report)
  }
  proveConditions(policies, detectors, names, report)
}

function proveConditions(policies: readonly CompiledPolicy[], detectors: readonly CompiledDetector[], names: Names, report: Report): void {
  const budget = { left: MAX_STEPS }
  const terms = new Terms(typesOf(names))
  const claims = policies.filter(({ mode }) => mode !== 'off').map((policy) => claimOf(policy, terms))
  const dead = findContradictions(claims, names.policies, terms, budget, report)
  const alive = claims.filter((claim) => !dead.has(claim))
  findShadows(alive, detectors, terms, budget, report)
  findClashes(alive, terms, budget, report)
}

function typesOf(names: Names): ConstructorParameters<typeof Terms>[0] {
  return (attribute) => findAttribute(names, attribute)
}
