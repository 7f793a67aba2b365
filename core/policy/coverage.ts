// Runs the tests of a policy set and watches what they reach of its conditions.
import { branchesOf, Coverage, type PolicyCoverage } from '../../dsl/index.ts'
import { runPolicyTests, type TestResult } from './run-tests.ts'
import type { PolicySet } from './toolbox.ts'

export interface CoveredRun {
  readonly results: readonly TestResult[]
  /** Of the policies that the user named; null unless it was asked for. */
  readonly coverage: readonly PolicyCoverage[] | null
}

/** Runs the tests of the files that the user named. Throws if the policies do not check. */
export async function runSetTests({ bundle, tests, words, files, isOwn }: PolicySet, withCoverage: boolean): Promise<CoveredRun> {
  if (!bundle) throw new Error('the policies do not check')
  const own = tests.filter(({ span }) => isOwn(span.file))
  if (!withCoverage) return { results: await runPolicyTests(bundle, own, words), coverage: null }
  const watched = branchesOf(bundle, files).filter(({ policy }) => isOwn(policy.span.file))
  const coverage = new Coverage(bundle, watched)
  const results = await runPolicyTests(bundle, own, words, (program, phase, values) => coverage.see(program, phase, values))
  return { results, coverage: coverage.result() }
}
