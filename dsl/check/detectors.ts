// Checks and lowers detectors: patterns in the portable dialect, checks that exist, members of unions, numbers within their bounds.
import { analysePattern } from '../regex/analyse.ts'
import { DEFAULT_SCORE } from './expressions-content.ts'
import { findDetector, findValue, fullName, meantDetector, type Module, type Names } from './names.ts'
import { suggestion } from './lowered.ts'
import type { CompiledDetector, CompiledPattern } from '../compile/bundle.ts'
import type { DeclarationOf, DetectorClause, Name } from '../syntax/ast.ts'
import type { Report } from './report.ts'
import type { Span } from '../diagnostics/diagnostic.ts'

type Detector = DeclarationOf<'detector'>
type ClauseOf<K extends DetectorClause['kind']> = Extract<DetectorClause, { kind: K }>

export function lowerDetectors(names: Names, module: Module, report: Report): readonly CompiledDetector[] {
  return [...module.detectors.values()].map((detector) => lowerDetector(detector, names, module, report))
}

function lowerDetector(detector: Detector, names: Names, module: Module, report: Report): CompiledDetector {
  const clauses = <K extends DetectorClause['kind']>(kind: K): readonly ClauseOf<K>[] =>
    detector.clauses.filter((clause): clause is ClauseOf<K> => clause.kind === kind)
  const name = fullName(module, detector.name.text)
  checkClauses(detector, names, report)
  const compiled: CompiledDetector = {
    name,
    patterns: clauses('pattern').map((clause) => lowerPattern(clause, clauses('group')[0], report)),
    terms: clauses('list').flatMap((clause) => termsOf(clause, names, module, report)),
    any: clauses('any').flatMap(({ detectors }) => detectors.flatMap((member) => memberOf(member, name, names, module, report))),
    checks: clauses('check').flatMap(({ checks }) => checks.filter((check) => isKnownCheck(check, names, report)).map(({ text }) => text)),
    near: clauses('near').map(({ words, withinChars, adds }) => ({
      words: words.flatMap((word) => (word.kind === 'text' ? [word.value] : [])),
      withinChars,
      adds,
    })),
    entropy: clauses('entropy')[0]?.minimum ?? null,
    score: clauses('score')[0]?.score ?? DEFAULT_SCORE,
    group: clauses('group')[0]?.index ?? 0,
    ...viewOf(clauses('normalize')[0]),
    examples: textsOf(detector, 'examples'),
    never: textsOf(detector, 'never'),
  }
  if (!detector.clauses.some(({ kind }) => kind === 'pattern' || kind === 'list' || kind === 'any')) {
    report.error(
      'P118',
      detector.name.span,
      `the detector \`${detector.name.text}\` finds nothing`,
      'Give it a `pattern`, a `list` or `any`.',
    )
  }
  return compiled
}

function textsOf(detector: Detector, kind: 'examples' | 'never'): readonly string[] {
  return detector.clauses.flatMap((clause) => (clause.kind === kind ? clause.texts.map(({ value }) => value) : []))
}

// ── clauses ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const ONCE: ReadonlySet<string> = new Set(['score', 'entropy', 'group', 'normalize'])
/** What a union may say of itself; everything else belongs to its members. */
const OF_UNIONS: ReadonlySet<string> = new Set(['any', 'examples', 'never'])

function checkClauses({ name, clauses }: Detector, names: Names, report: Report): void {
  const isUnion = clauses.some(({ kind }) => kind === 'any')
  for (const [i, clause] of clauses.entries()) {
    const first = clauses.slice(0, i).find(({ kind }) => kind === clause.kind)
    if (first && ONCE.has(clause.kind))
      report.doubled('P114', clause.span, first.span, `\`${clause.kind}\` stands twice`, 'Keep one of them.')
    if (isUnion && !OF_UNIONS.has(clause.kind)) {
      report.error(
        'P124',
        clause.span,
        `the union \`${name.text}\` has a \`${clause.kind}\` of its own`,
        'Put it into a detector and name that after `any`.',
      )
    }
    checkNumbers(clause, report)
    if (clause.kind === 'normalize') checkView(clause, clauses, names, report)
  }
}

function checkNumbers(clause: DetectorClause, report: Report): void {
  if (clause.kind === 'score') checkShare(clause.score, 'a score', clause.span, report)
  if (clause.kind === 'near') checkShare(clause.adds, 'what `near` adds', clause.span, report)
  if (clause.kind === 'entropy' && clause.minimum > 16) report.error('P112', clause.span, 'a text holds at most 16 bits per character')
}

function viewOf(clause: ClauseOf<'normalize'> | undefined): { readonly normalize?: string } {
  const word = clause?.words[0]?.text
  return word === undefined ? {} : { normalize: word }
}

/** Words nearby and terms are looked for in the folded text, so they can not stand beside another way of reading. */
function checkView({ words, span }: ClauseOf<'normalize'>, clauses: Detector['clauses'], names: Names, report: Report): void {
  const views = Object.keys(names.vocabulary.views ?? {})
  if (words.length !== 1 || !views.includes(words[0]!.text)) {
    const help = `Leave it out: texts are always normalised before they are scanned. ${views.length > 0 ? `Known ways of reading: ${views.join(', ')}.` : ''}`
    return report.error('P190', span, 'this `normalize` is not supported by this version', help.trim())
  }
  const other = clauses.find(({ kind }) => kind === 'near' || kind === 'list' || kind === 'check' || kind === 'entropy')
  if (other)
    report.error('P190', other.span, `\`${other.kind}\` beside \`normalize\` is not supported by this version`, 'Leave one of them out.')
}

function checkShare(value: number, what: string, span: Span, report: Report): void {
  if (value < 0 || value > 1) report.error('P112', span, `${what} lies between 0 and 1, and this is ${value}`)
}

function lowerPattern({ pattern }: ClauseOf<'pattern'>, group: ClauseOf<'group'> | undefined, report: Report): CompiledPattern {
  const { problems, ...lengths } = analysePattern(pattern.value)
  for (const { message, help } of problems) report.error('P210', pattern.span, message, help)
  if (group && problems.length === 0) {
    const groups = new RegExp(`${pattern.value}|`).exec('')!.length - 1
    if (group.index > groups)
      report.error(
        'P112',
        group.span,
        `the pattern has ${groups === 0 ? 'no groups' : `groups up to ${groups}`}, and this is group ${group.index}`,
      )
  }
  return { source: pattern.value, ...lengths }
}

// ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function termsOf({ list }: ClauseOf<'list'>, names: Names, module: Module, report: Report): readonly string[] {
  const value = findValue(names, module, list.text)
  if (value?.kind !== 'list') {
    report.error('P109', list.span, `there is no list \`${list.text}\``, suggestion(list.text, [...module.values.keys()]))
    return []
  }
  const odd = value.items.find(({ kind }) => kind !== 'text')
  if (odd) report.error('P110', list.span, `a detector looks for texts, and the list \`${list.text}\` holds a ${odd.kind}`)
  return value.items.flatMap((item) => (item.kind === 'text' ? [item.value] : []))
}

function memberOf(member: Name, union: string, names: Names, module: Module, report: Report): readonly string[] {
  const full = findDetector(names, module, member.text)
  if (full === null) {
    report.error('P105', member.span, `there is no detector \`${member.text}\``, meantDetector(member.text, names, module))
    return []
  }
  const course = followUnions(full, union, names)
  if (course === 'ends') return [full]
  const message = course === 'back' ? 'leads back to the union it is a member of' : `nests unions more than ${MAX_UNION_DEPTH} deep`
  report.error('P124', member.span, `\`${member.text}\` ${message}`, 'Take one of them out.')
  return []
}

const MAX_UNION_DEPTH = 32

/** Where the unions that begin with one detector lead: back to the other, too deep, or to an end. */
function followUnions(from: string, to: string, names: Names): 'back' | 'deep' | 'ends' {
  const seen = new Set([from])
  let level: readonly string[] = [from]
  for (let depth = 0; level.length > 0; depth++) {
    if (level.includes(to)) return 'back'
    if (depth === MAX_UNION_DEPTH) return 'deep'
    level = level.flatMap((name) => membersOf(name, names)).filter((name) => !seen.has(name) && seen.add(name))
  }
  return 'ends'
}

function membersOf(full: string, names: Names): readonly string[] {
  const module = moduleOf(full, names)
  const clauses = names.detectors.get(full)?.clauses ?? []
  if (!module) return []
  return clauses.flatMap((clause) =>
    clause.kind === 'any' ? clause.detectors.flatMap(({ text }) => findDetector(names, module, text) ?? []) : [],
  )
}

function moduleOf(full: string, { modules }: Names): Module | undefined {
  const dot = full.lastIndexOf('.')
  const module = modules.get(full.slice(0, Math.max(0, dot)))
  return module?.detectors.has(full.slice(dot + 1)) ? module : undefined
}

function isKnownCheck(name: Name, { vocabulary }: Names, report: Report): boolean {
  const known = vocabulary.checks.map((check) => check.name)
  if (known.includes(name.text)) return true
  report.error(
    'P119',
    name.span,
    `there is no check \`${name.text}\``,
    suggestion(name.text, known) ?? 'The plugin that brings it may not be loaded.',
  )
  return false
}
