// What the `policy` commands work with: the vocabulary of the loaded plugins, files with the standard policies beside them, a compiled set.
import { compile, type Compiled, type SourceFile } from '../../dsl/index.ts'
import { bindPolicies, type BoundPolicies } from './bind.ts'
import { gatherWords, type Words } from './words.ts'
import { listReader, readPolicyFiles, SHIPPED_POLICIES, STANDARD_POLICIES } from './load.ts'
import { readVocabularies } from '../plugin/registry.ts'
import type { JsonObject } from '../model/value.ts'
import type { Plugin } from '../plugin/contract.ts'

export {
  branchesOf,
  diagnosticsToJson,
  diagnosticsToSarif,
  didYouMean,
  renderDiagnostics,
  Truths,
  widthOf,
  writeCanonical,
} from '../../dsl/index.ts'
export type { Branch, Decision, Phase, PolicyBranches, PolicyCoverage, Uncovered } from '../../dsl/index.ts'
export { runSetTests } from './coverage.ts'
export { runPolicyTests } from './run-tests.ts'

export interface PolicySet extends Compiled {
  readonly words: Words
  /** Files the user named, then the standard ones that were added for imports. */
  readonly files: readonly SourceFile[]
  /** Is this path one the user named? Findings and tests of the others are not shown. */
  isOwn(path: string): boolean
}

/** Compiles the files below the paths against the plugins' words; the standard policies are always there to be imported. */
export function openPolicySet(
  paths: readonly string[],
  plugins: readonly Plugin[],
  blocks: { readonly [name: string]: JsonObject } = {},
): PolicySet {
  const words = gatherWords(readVocabularies(plugins, blocks))
  const own = readPolicyFiles(paths)
  const known = new Set(own.map(({ path }) => path))
  const standard = readPolicyFiles([STANDARD_POLICIES]).filter(({ path }) => !known.has(path) && isImported(path, own))
  const files = [...own, ...standard]
  const compiled = compile(files, words.vocabulary, { readList: listReader(files), today: new Date().toISOString().slice(0, 10) })
  return { ...compiled, words, files, isOwn: (path) => known.has(path) }
}

/** All policies and detectors that ship, as the suite has judged them. */
export function openShippedSet(plugins: readonly Plugin[], blocks: { readonly [name: string]: JsonObject } = {}): PolicySet {
  const words = gatherWords(readVocabularies(plugins, blocks))
  const files = readPolicyFiles([SHIPPED_POLICIES])
  const compiled = compile(files, words.vocabulary, { readList: listReader(files), isJudged: true })
  return { ...compiled, words, files, isOwn: () => false }
}

/** Only the standard files that are imported come along, so that a set is judged as its author wrote it. Detectors bring no verdicts. */
function isImported(path: string, own: readonly SourceFile[]): boolean {
  if (path.endsWith('detectors.policy')) return true
  const module = `standard.${path.slice(path.lastIndexOf('/') + 1).replace('.policy', '')}`
  return own.some(({ text }) => new RegExp(`^\\s*import\\s+${module.replaceAll('.', '\\.')}\\b`, 'm').test(text))
}

export function bindForTools(set: PolicySet): BoundPolicies {
  if (!set.bundle) throw new Error('the policies do not check; run `sallyport policy check` first')
  return bindPolicies(set.bundle, set.words, { scanDeadlineMs: 30_000, scanWorkers: 1 })
}
