// Holds a phrase against the templates of its verb: operands by name, or one diagnostic that says what was expected.
import { describeShape, matchSlot, type OperandScope } from './operands.ts'
import { firstWords, verbsOf, type KnownVerb } from '../vocabulary/verbs.ts'
import { nearest } from '../diagnostics/suggest.ts'
import type { CompiledOperand } from '../compile/bundle.ts'
import type { Phrase, Slot } from '../syntax/ast.ts'
import type { Template, TemplateSlot } from '../vocabulary/template.ts'
import type { VerbUse } from '../vocabulary/vocabulary.ts'

export type Operands = { readonly [name: string]: CompiledOperand | readonly CompiledOperand[] }

export interface MatchedPhrase {
  readonly phrase: Phrase
  readonly verb: KnownVerb
  readonly operands: Operands
}

/** Null: reported. `uses` are tried in order; a policy takes facts and effects. */
export function matchPhrase(phrase: Phrase, uses: readonly VerbUse[], scope: OperandScope): MatchedPhrase | null {
  const candidates = uses.flatMap((use) => verbsOf(scope.names.vocabulary).find(use, phrase.verb.text))
  if (candidates.length === 0) return unknownVerb(phrase, uses, scope)
  const verb = chooseTemplate(candidates, phrase)
  const operands = matchTemplate(phrase, verb.template, scope)
  return operands && { phrase, verb, operands }
}

function unknownVerb({ verb }: Phrase, uses: readonly VerbUse[], { names, report }: OperandScope): null {
  const verbs = verbsOf(names.vocabulary)
  const elsewhere = EVERY_USE.find((use) => verbs.find(use, verb.text).length > 0)
  if (elsewhere) {
    report.error('P106', verb.span, `\`${verb.text}\` has no place here`, PLACES[elsewhere])
    return null
  }
  const words = uses.flatMap((use) => verbs.words(use))
  const meant = uses.map((use) => verbs.alias(use, verb.text)).find((word) => word !== null) ?? nearest(verb.text, words)
  const help = meant ? `Did you mean \`${meant}\`?` : 'The plugin that brings it may not be loaded.'
  report.error('P106', verb.span, `there is no verb \`${verb.text}\``, help)
  return null
}

const PLACES: { readonly [use in VerbUse]: string } = {
  fact: 'It is a fact of a policy.',
  effect: 'It is an effect of a policy.',
  exception: 'It stands in an `exception`.',
  overlay: 'It stands in an `overlay`.',
  expect: 'It stands after `expect` in a `test`.',
}

const EVERY_USE = Object.keys(PLACES) as VerbUse[]

/** A verb with several phrases is told apart by the word that follows it. */
function chooseTemplate(candidates: readonly KnownVerb[], { slots }: Phrase): KnownVerb {
  const first = slots[0]?.groups[0]?.[0]
  const word = first?.kind === 'path' ? first.name.text : null
  const preposition = slots[0]?.preposition?.text ?? null
  const fits = candidates.find(
    ({ template }) => (template.slots[0]?.preposition ?? null) === preposition && word !== null && firstWords(template).includes(word),
  )
  const open = candidates.find(
    ({ template }) => (template.slots[0]?.preposition ?? null) === preposition && firstWords(template).includes('*'),
  )
  return fits ?? open ?? candidates[0]!
}

/** Operands come in the order of the template, so that the order of the groups in the text makes no other artefact. */
function matchTemplate(phrase: Phrase, template: Template, scope: OperandScope): Operands | null {
  const before = scope.report.diagnostics.length
  const operands: { [name: string]: CompiledOperand | readonly CompiledOperand[] } = {}
  for (const expected of template.slots) {
    const slot = phrase.slots.find((one) => sameSlot(expected, one))
    if (slot) Object.assign(operands, matchSlot(slot, expected, scope, template.source))
    else if (!scope.partial && isNeeded(expected)) reportMissing(phrase, expected, template, scope)
  }
  for (const slot of phrase.slots) {
    if (template.slots.some((expected) => sameSlot(expected, slot))) continue
    scope.report.error('P107', slot.preposition?.span ?? slot.span, wrongSlot(slot, phrase), `It is written \`${template.source}\`.`)
  }
  reportDoubled(phrase, scope)
  return scope.report.diagnostics.slice(before).some(({ severity }) => severity === 'error') ? null : operands
}

function isNeeded({ optional, words, operands }: TemplateSlot): boolean {
  return !optional && (words.length > 0 || operands.some((operand) => !operand.optional))
}

function reportMissing({ verb, span }: Phrase, expected: TemplateSlot, { source }: Template, { report }: OperandScope): void {
  report.error('P107', span, `\`${verb.text}\` needs ${describeShape(expected)}`, `It is written \`${source}\`.`)
}

function wrongSlot({ preposition }: Slot, { verb }: Phrase): string {
  return preposition ? `\`${verb.text}\` takes no \`${preposition.text}\`` : `\`${verb.text}\` takes nothing directly after it`
}

function sameSlot(expected: TemplateSlot, { preposition }: Slot): boolean {
  return expected.preposition === (preposition?.text ?? null)
}

function reportDoubled({ slots, verb }: Phrase, { report }: OperandScope): void {
  slots.forEach((slot, i) => {
    const word = slot.preposition?.text
    if (word !== undefined && slots.some((other, j) => j < i && other.preposition?.text === word))
      report.error('P107', slot.span, `\`${word}\` stands twice after \`${verb.text}\``, 'A phrase uses each preposition at most once.')
  })
}
