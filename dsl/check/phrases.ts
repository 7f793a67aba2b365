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
  readonly verb: KnownVerb
  readonly operands: Operands
}

/** Null: reported. `uses` are tried in order; a policy takes facts and effects. */
export function matchPhrase(phrase: Phrase, uses: readonly VerbUse[], scope: OperandScope): MatchedPhrase | null {
  const candidates = uses.flatMap((use) => verbsOf(scope.names.vocabulary).find(use, phrase.verb.text))
  if (candidates.length === 0) return unknownVerb(phrase, uses, scope)
  const verb = chooseTemplate(candidates, phrase)
  const operands = matchTemplate(phrase, verb.template, scope)
  return operands && { verb, operands }
}

function unknownVerb({ verb }: Phrase, uses: readonly VerbUse[], { names, report }: OperandScope): null {
  const verbs = verbsOf(names.vocabulary)
  const meant =
    uses.map((use) => verbs.alias(use, verb.text)).find((word) => word !== null) ??
    nearest(
      verb.text,
      uses.flatMap((use) => verbs.words(use)),
    )
  report.error(
    'P106',
    verb.span,
    `there is no verb \`${verb.text}\``,
    meant ? `Did you mean \`${meant}\`?` : 'The plugin that brings it may not be loaded.',
  )
  return null
}

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

function matchTemplate(phrase: Phrase, template: Template, scope: OperandScope): Operands | null {
  const before = scope.report.diagnostics.length
  const operands: { [name: string]: CompiledOperand | readonly CompiledOperand[] } = {}
  for (const slot of phrase.slots) {
    const expected = slotFor(template, slot)
    if (expected) Object.assign(operands, matchSlot(slot, expected, scope, template.source))
    else scope.report.error('P107', slot.preposition?.span ?? slot.span, wrongSlot(slot, phrase), `It is written \`${template.source}\`.`)
  }
  reportDoubled(phrase, scope)
  for (const expected of template.slots) {
    const needed = !expected.optional && (expected.words.length > 0 || expected.operands.some(({ optional }) => !optional))
    if (!needed || scope.partial || phrase.slots.some((slot) => sameSlot(expected, slot))) continue
    scope.report.error(
      'P107',
      phrase.span,
      `\`${phrase.verb.text}\` needs ${describeShape(expected)}`,
      `It is written \`${template.source}\`.`,
    )
  }
  return scope.report.diagnostics.slice(before).some(({ severity }) => severity === 'error') ? null : operands
}

function wrongSlot({ preposition }: Slot, { verb }: Phrase): string {
  return preposition ? `\`${verb.text}\` takes no \`${preposition.text}\`` : `\`${verb.text}\` takes nothing directly after it`
}

function slotFor(template: Template, slot: Slot): TemplateSlot | undefined {
  return template.slots.find((expected) => sameSlot(expected, slot))
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
