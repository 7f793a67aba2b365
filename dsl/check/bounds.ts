// Which bound of a param keeps an overlay from loosening a policy: `max` where more of it loosens, `min` where less does, both where nobody
// can say. Follows the param through conditions by polarity, and into effects by whether their verb protects.
import { clausesOf } from './clauses.ts'
import { find, fullName, type Module, type Names } from './names.ts'
import { verbsOf } from '../vocabulary/verbs.ts'
import type { DeclarationOf, Expression, Phrase } from '../syntax/ast.ts'
import type { Overlay } from './overlays.ts'
import type { PolicyException } from './exceptions.ts'
import type { Report } from './report.ts'

/** What more of a param does: +1 it tightens, -1 it loosens, 0 it may do either. */
type Sense = 1 | 0 | -1

type Uses = (name: string, sense: Sense, module: Module) => void

export function checkBounds(
  policy: DeclarationOf<'policy'>,
  exceptions: readonly PolicyException[],
  overlays: readonly Overlay[],
  { names, module, report }: { readonly names: Names; readonly module: Module; readonly report: Report },
): void {
  eachUse(policy, exceptions, names, module, (name, sense, from) => {
    const found = find(names, from, 'values', name)
    if (found?.declaration.kind !== 'param') return
    const { min, max } = found.declaration
    const lacks = [...(sense >= 0 && min === null ? ['min'] : []), ...(sense <= 0 && max === null ? ['max'] : [])]
    if (lacks.length > 0) reportLack(fullName(found.module, found.declaration.name.text), lacks, policy.name.text, overlays, report)
  })
}

/** Once for each value that an overlay sets, whatever else it would loosen. */
function reportLack(param: string, lacks: readonly string[], policy: string, overlays: readonly Overlay[], report: Report): void {
  for (const { span, value } of overlays.flatMap(({ params }) => params.get(param) ?? [])) {
    if (report.diagnostics.some((one) => one.code === 'P128' && one.span === span) || value.kind === 'list') continue
    const words = lacks.map((word) => `\`${word}\``).join(' and ')
    const help = `Declare ${words} with the param: how far it may go for any tenant.`
    report.error('P128', span, `\`${param}\` has no ${words}, so an overlay could loosen \`${policy}\` with it`, help)
  }
}

function eachUse(policy: DeclarationOf<'policy'>, exceptions: readonly PolicyException[], names: Names, module: Module, use: Uses): void {
  const phrases = clausesOf(policy, 'phrase', 'on error').map(({ phrase }) => phrase)
  const sense = senseOf(clausesOf(policy, 'phrase').filter(({ phrase: { verb } }) => isEffect(verb.text, names)))
  for (const { condition } of clausesOf(policy, 'when')) walk(condition, sense, (name, one) => use(name, one, module))
  for (const { condition } of clausesOf(policy, 'unless')) walk(condition, opposite(sense), (name, one) => use(name, one, module))
  for (const exception of exceptions) walk(exception.when, opposite(sense), (name, one) => use(name, one, exception.module))
  for (const phrase of phrases) {
    const protects = verbsOf(names.vocabulary)
      .find('effect', phrase.verb.text)
      .every(({ declaration }) => declaration.protects)
    for (const name of namesIn(phrase)) use(name, protects ? -1 : 0, module)
  }
}

/** What a condition that holds more often does: it tightens, but where it allows. */
function senseOf(effects: readonly { readonly phrase: Phrase }[]): Sense {
  const allows = effects.filter(({ phrase }) => phrase.verb.text === 'allow').length
  return allows === 0 ? 1 : allows === effects.length ? -1 : 0
}

const isEffect = (verb: string, { vocabulary }: Names): boolean => verbsOf(vocabulary).find('effect', verb).length > 0

const opposite = (sense: Sense): Sense => (sense === 0 ? 0 : sense === 1 ? -1 : 1)

function namesIn({ slots }: Phrase): readonly string[] {
  return slots.flatMap(({ groups }) => groups.flat().flatMap((operand) => (operand.kind === 'path' ? [operand.name.text] : [])))
}

type Visit = (name: string, sense: Sense) => void

/** Visits each name with what more of it does to the condition. */
function walk(expression: Expression, sense: Sense, visit: Visit): void {
  const both = (left: Expression, right: Expression, ofLeft: Sense, ofRight: Sense): void => {
    walk(left, ofLeft, visit)
    walk(right, ofRight, visit)
  }
  switch (expression.kind) {
    case 'path':
      return visit(expression.name.text, sense)
    case 'and':
    case 'or':
      return expression.operands.forEach((operand) => walk(operand, sense, visit))
    case 'not':
      return walk(expression.operand, opposite(sense), visit)
    case 'compare': {
      const { operator, left, right } = expression
      const ofLeft = operator.startsWith('>') ? sense : operator.startsWith('<') ? opposite(sense) : 0
      return both(left, right, ofLeft, opposite(ofLeft))
    }
    case 'arithmetic': {
      const { operator, left, right } = expression
      return operator === '*' ? both(left, right, 0, 0) : both(left, right, sense, operator === '-' ? opposite(sense) : sense)
    }
    case 'default':
      return both(expression.left, expression.right, sense, sense)
    case 'quantifier':
      return both(expression.list, expression.where, 0, expression.quantity === 'no' ? opposite(sense) : sense)
    case 'count':
      return both(expression.list, expression.where ?? expression.list, 0, expression.where ? sense : 0)
    case 'in':
    case 'has':
    case 'contains':
    case 'match':
      return both(expression.left, expression.right, 0, 0)
    case 'exists':
    case 'lower':
      return walk(expression.operand, 0, visit)
    default:
  }
}
