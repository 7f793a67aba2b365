// Text to artefact: parse, check, lower. One bundle for all files; its bytes depend on what they say, not on their order.
import { canonicalHash } from './canonical.ts'
import { checkDeclarations } from '../check/declarations.ts'
import { checkExamples } from '../check/examples.ts'
import { checkMeaning } from '../check/proof/meaning.ts'
import { collectNames, declarationsOf, fullName, type Names } from '../check/names.ts'
import { lowerDetectors } from '../check/detectors.ts'
import { lowerPolicies, type Changes } from '../check/policies.ts'
import { readExceptions } from '../check/exceptions.ts'
import { readLists, type ListedFiles, type ReadList } from '../check/lists.ts'
import { readOverlays } from '../check/overlays.ts'
import { lowerTests, type CompiledTest } from '../check/tests.ts'
import { parse } from '../syntax/parse.ts'
import { readPaths } from '../evaluate/paths.ts'
import { Report } from '../check/report.ts'
import { VariantBudget } from '../check/variants.ts'
import { verbsOf, type KnownVerb } from '../vocabulary/verbs.ts'
import { withoutCascades } from '../diagnostics/cascades.ts'
import type { Bundle, CompiledPolicy, JsonLogic } from './bundle.ts'
import type { Diagnostic, SourceFile, Span } from '../diagnostics/diagnostic.ts'
import type { Phase, Vocabulary } from '../vocabulary/vocabulary.ts'

export interface Compiled {
  /** Null when there is an error. */
  readonly bundle: Bundle | null
  /** Of all files, by file and place. */
  readonly diagnostics: readonly Diagnostic[]
  readonly tests: readonly CompiledTest[]
}

const PHASES: readonly Phase[] = ['request', 'target', 'response', 'stream']

export interface CompileOptions {
  /** Without it a list from a file is an error. */
  readonly readList?: ReadList
  /** ISO date, for what is said about the end of exceptions; nothing in the language reads a clock. */
  readonly today?: string
  /** Of files whose examples and meaning have been judged before: a second look, which is half of the work, is left out. */
  readonly isJudged?: boolean
}

/** Compiles files against a vocabulary. Throws only when the vocabulary itself is broken (templates that clash). */
export function compile(
  files: readonly SourceFile[],
  vocabulary: Vocabulary,
  { readList, today, isJudged }: CompileOptions = {},
): Compiled {
  const verbs = new Set((['effect', 'fact', 'exception', 'overlay', 'expect'] as const).flatMap((use) => verbsOf(vocabulary).words(use)))
  const parsed = files.map((file) => parse(file, { verbs }))
  const report = new Report()
  const listed = readLists(
    parsed.map(({ file }) => file),
    readList,
    report,
  )
  const names = collectNames(listed.files, vocabulary, report)
  const modules = [...names.modules.values()]
  for (const module of modules) checkDeclarations(module, report)
  const changes = { exceptions: readExceptions(names, report), overlays: readOverlays(names, report), budget: new VariantBudget() }
  const policies = modules.flatMap((module) => lowerPolicies(names, module, changes, report)).sort(byId)
  const detectors = modules.flatMap((module) => lowerDetectors(names, module, report)).sort((a, b) => (a.name < b.name ? -1 : 1))
  if (!isJudged) checkExamples(names, detectors, report)
  const tests = modules.flatMap((module) => lowerTests(names, module, report))
  if (!isJudged && parsed.every((one) => one.diagnostics.length === 0)) checkMeaning({ policies, detectors, files, names, today }, report)
  const diagnostics = withoutCascades(parsed, report.diagnostics, new Map(files.map(({ path, text }) => [path, text])))
  if (diagnostics.some(({ severity }) => severity === 'error')) return { bundle: null, diagnostics, tests: [] }
  return { bundle: assemble({ names, listed, changes }, policies, detectors), diagnostics, tests }
}

function byId(a: CompiledPolicy, b: CompiledPolicy): number {
  if (a.id !== b.id) return a.id < b.id ? -1 : 1
  return (a.overlay ?? '') < (b.overlay ?? '') ? -1 : 1
}

interface Parts {
  readonly names: Names
  readonly listed: ListedFiles
  readonly changes: Changes
}

function assemble({ names, listed, changes }: Parts, policies: readonly CompiledPolicy[], detectors: Bundle['detectors']): Bundle {
  const modules = [...names.modules.values()]
  const body: Omit<Bundle, 'hash'> = {
    format: 'sallyport.policy/1',
    modules: modules.map(({ name, version }) => ({ name, version })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    policies,
    detectors,
    exceptions: exceptionsOf(changes),
    lists: listsOf(names, listed),
    attributes: attributesOf(policies),
    defaults: defaultsOf(names),
    params: paramsOf(names),
    templates: ofVerbsInUse(names, policies, ({ template }) => template.source),
    plugins: ofVerbsInUse(names, policies, ({ declaration }) => declaration.plugin),
    program: Object.fromEntries(PHASES.map((phase) => [phase, programOf(phase, policies)])) as Bundle['program'],
  }
  // Places in files are for people; moving a policy within its file does not make another artefact.
  const spanless = { ...body, policies: body.policies.map(withoutSpan), exceptions: body.exceptions.map(withoutSpan) }
  return { ...body, hash: canonicalHash(spanless) }
}

function withoutSpan<T extends { readonly span: Span }>({ span: _, ...rest }: T): Omit<T, 'span'> {
  return rest
}

function exceptionsOf({ exceptions }: Changes): Bundle['exceptions'] {
  const policies = [...exceptions.keys()].sort()
  return policies.flatMap((policy) => exceptions.get(policy)!.map(({ compiled }) => compiled))
}

function listsOf({ modules }: Names, { sources }: ListedFiles): Bundle['lists'] {
  const lists = [...modules.values()].flatMap((module) =>
    declarationsOf(module.files, 'list').flatMap((list) => {
      const source = sources.get(list)
      return source ? [{ name: fullName(module, list.name.text), ...source }] : []
    }),
  )
  return lists.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function attributesOf(policies: readonly CompiledPolicy[]): readonly string[] {
  const read = policies.flatMap(({ when }) => readPaths(when)).filter((path) => !path.startsWith('found.'))
  const used = policies.flatMap(({ effects, onError }) =>
    [...effects, ...(onError ? [onError] : [])].flatMap(({ operands }) =>
      Object.values(operands)
        .flat()
        .flatMap((operand) => (typeof operand === 'object' && 'attribute' in operand ? [operand.attribute] : [])),
    ),
  )
  return [...new Set([...read, ...used])].sort()
}

/** A request that no policy speaks about is denied unless a module says otherwise; later phases are allowed. The stricter wins. */
function defaultsOf({ modules }: Names): Bundle['defaults'] {
  const declared = [...modules.values()].flatMap(({ files }) => declarationsOf(files, 'default'))
  return Object.fromEntries(
    PHASES.map((phase) => {
      const verdicts = declared.filter((declaration) => declaration.phase === phase).map(({ verdict }) => verdict)
      const verdict = verdicts.length > 0 ? (verdicts.includes('deny') ? 'deny' : 'allow') : phase === 'request' ? 'deny' : 'allow'
      return [phase, verdict]
    }),
  ) as Bundle['defaults']
}

function paramsOf({ modules }: Names): Bundle['params'] {
  const entries = [...modules.values()].flatMap((module) =>
    declarationsOf(module.files, 'param').map(({ name, value }): [string, JsonLogic] => [
      fullName(module, name.text),
      value.kind === 'list' ? value.items.flatMap((item) => (item.kind === 'list' ? [] : item.value)) : value.value,
    ]),
  )
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function ofVerbsInUse({ vocabulary }: Names, policies: readonly CompiledPolicy[], read: (verb: KnownVerb) => string): Bundle['templates'] {
  const used = new Set(policies.flatMap(({ effects, onError }) => [...effects, ...(onError ? [onError] : [])].map(({ verb }) => verb)))
  const distinct = (verb: string): readonly string[] => [...new Set(verbsOf(vocabulary).find('effect', verb).map(read))]
  return Object.fromEntries([...used].sort().map((verb) => [verb, distinct(verb)]))
}

/** One expression that any JSON Logic engine can evaluate: the ids of the policies that match. */
function programOf(phase: Phase, policies: readonly CompiledPolicy[]): JsonLogic {
  return {
    merge: policies
      .filter(({ phases, mode }) => mode !== 'off' && phases.includes(phase))
      .map(({ id, when }): JsonLogic => ({ if: [when, [id], []] })),
  }
}
