// Checks and lowers detectors: patterns in the portable dialect, checks that exist, members of unions, and examples that hold.
import { DEFAULT_SCORE, suggestion } from './expressions.ts'
import { analysePattern } from '../regex/analyse.ts'
import { findDetector, findValue, fullName, type Module, type Names } from './names.ts'
import type { CompiledDetector, CompiledPattern } from '../compile/bundle.ts'
import type { DeclarationOf, DetectorClause } from '../syntax/ast.ts'
import type { Report } from './report.ts'

type ClauseOf<K extends DetectorClause['kind']> = Extract<DetectorClause, { kind: K }>

export function lowerDetectors(names: Names, module: Module, report: Report): readonly CompiledDetector[] {
  return [...module.detectors.values()].map((detector) => lowerDetector(detector, names, module, report))
}

function lowerDetector(detector: DeclarationOf<'detector'>, names: Names, module: Module, report: Report): CompiledDetector {
  const clauses = <K extends DetectorClause['kind']>(kind: K): readonly ClauseOf<K>[] =>
    detector.clauses.filter((clause): clause is ClauseOf<K> => clause.kind === kind)
  const compiled: CompiledDetector = {
    name: fullName(module, detector.name.text),
    patterns: clauses('pattern').map((clause) => lowerPattern(clause, report)),
    terms: clauses('list').flatMap((clause) => termsOf(clause, names, module, report)),
    any: clauses('any').flatMap(({ detectors }) => detectors.flatMap((name) => memberOf(name, names, module, report))),
    checks: clauses('check').flatMap(({ checks }) => checks.filter((name) => isKnownCheck(name, names, report)).map(({ text }) => text)),
    near: clauses('near').map(({ words, withinChars, adds }) => ({
      words: words.flatMap((word) => (word.kind === 'text' ? [word.value] : [])),
      withinChars,
      adds,
    })),
    entropy: clauses('entropy')[0]?.minimum ?? null,
    score: clauses('score')[0]?.score ?? DEFAULT_SCORE,
    group: clauses('group')[0]?.index ?? 0,
    examples: textsOf(detector, 'examples'),
    never: textsOf(detector, 'never'),
  }
  if (compiled.patterns.length + compiled.terms.length + compiled.any.length === 0) {
    report.error(
      'P118',
      detector.name.span,
      `the detector \`${detector.name.text}\` finds nothing`,
      'Give it a `pattern`, a `list` or `any`.',
    )
  }
  return compiled
}

function textsOf(detector: DeclarationOf<'detector'>, kind: 'examples' | 'never'): readonly string[] {
  return detector.clauses.flatMap((clause) => (clause.kind === kind ? clause.texts.map(({ value }) => value) : []))
}

function lowerPattern({ pattern }: ClauseOf<'pattern'>, report: Report): CompiledPattern {
  const { minLength, maxLength, literals, problems } = analysePattern(pattern.value)
  for (const { message, help } of problems) report.error('P210', pattern.span, message, help)
  return { source: pattern.value, minLength, maxLength, literals }
}

function termsOf({ list }: ClauseOf<'list'>, names: Names, module: Module, report: Report): readonly string[] {
  const value = findValue(names, module, list.text)
  if (value?.kind === 'list') return value.items.flatMap((item) => (item.kind === 'text' ? [item.value] : []))
  report.error('P109', list.span, `there is no list \`${list.text}\``, suggestion(list.text, [...module.values.keys()]))
  return []
}

function memberOf(name: ClauseOf<'any'>['detectors'][number], names: Names, module: Module, report: Report): readonly string[] {
  const full = findDetector(names, module, name.text)
  if (full !== null) return [full]
  report.error('P105', name.span, `there is no detector \`${name.text}\``, suggestion(name.text, [...module.detectors.keys()]))
  return []
}

function isKnownCheck(name: ClauseOf<'check'>['checks'][number], { vocabulary }: Names, report: Report): boolean {
  if (vocabulary.checks.some((check) => check.name === name.text)) return true
  report.error(
    'P119',
    name.span,
    `there is no check \`${name.text}\``,
    suggestion(
      name.text,
      vocabulary.checks.map((check) => check.name),
    ) ?? 'The plugin that brings it may not be loaded.',
  )
  return false
}
