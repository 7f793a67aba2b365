// Phrase templates: `limit <unit:tokens|requests|money> to <amount:number|attribute> per … [at …]`. Parsed once at load; every use of
// a verb in a policy is matched against them. Grammar: policy language, section 2.

import { nearest } from '../diagnostics/suggest.ts'

export const PREPOSITIONS = ['to', 'in', 'with', 'from', 'for', 'by', 'within', 'per', 'at', 'as', 'except'] as const

export type OperandType =
  | 'text'
  | 'code'
  | 'number'
  | 'percent'
  | 'duration'
  | 'date'
  | 'bool'
  | 'regex'
  | 'http'
  | 'attribute'
  | 'detector'
  | 'location'
  | 'list'
  | 'policy'
  | 'word'

const TYPES = new Set<string>([
  'text',
  'code',
  'number',
  'percent',
  'duration',
  'date',
  'bool',
  'regex',
  'http',
  'attribute',
  'detector',
  'location',
  'list',
  'policy',
  'word',
])

/** One `<name:type|type>` or `<a|b>`; `words` are its choices, else `types` what it takes. */
export interface TemplateOperand {
  readonly name: string
  readonly types: readonly OperandType[]
  readonly words: readonly string[]
  readonly many: boolean
  readonly optional: boolean
}

export interface TemplateSlot {
  readonly preposition: string | null
  readonly optional: boolean
  /** Bare words at the start: `status` in `with status <http>`. */
  readonly words: readonly string[]
  readonly operands: readonly TemplateOperand[]
  /** The operands form a group that may be repeated after commas: `(<framework:word> <control:text>)...`. */
  readonly grouped: boolean
}

export interface Template {
  readonly source: string
  readonly verb: string
  readonly slots: readonly TemplateSlot[]
}

/** Parses a template; throws an Error that says what is wrong with it (a boot error of the plugin that brings it). */
export function parseTemplate(source: string): Template {
  const tokens = source.match(/<[^>]*>|\.\.\.|[[\]()]|[^\s[\]()<>]+/g) ?? []
  const [verb, ...rest] = tokens
  if (!verb || !/^[a-z][a-z_]*$/.test(verb)) throw new Error(`template \`${source}\`: it must begin with the verb, one lower-case word`)
  const slots = splitSlots(rest, source).map((part) => parseSlot(part, source))
  const doubled = slots.find((slot, i) => slots.some((other, j) => j < i && other.preposition === slot.preposition))
  if (doubled) throw new Error(`template \`${source}\`: the preposition \`${doubled.preposition ?? ''}\` stands twice`)
  return { source, verb, slots }
}

interface RawSlot {
  readonly preposition: string | null
  readonly optional: boolean
  readonly tokens: readonly string[]
}

/** Cuts the tokens behind the verb at prepositions; `[ preposition …]` is an optional slot. */
function splitSlots(tokens: readonly string[], source: string): readonly RawSlot[] {
  const slots: { preposition: string | null; optional: boolean; tokens: string[] }[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!
    const next = tokens[i + 1]
    if (token === '[' && next !== undefined && isPreposition(next)) {
      const end = tokens.indexOf(']', i)
      if (end === -1) throw new Error(`template \`${source}\`: a \`[\` is not closed`)
      slots.push({ preposition: next, optional: true, tokens: tokens.slice(i + 2, end) })
      i = end
    } else if (isPreposition(token)) slots.push({ preposition: token, optional: false, tokens: [] })
    else {
      if (slots.length === 0) slots.push({ preposition: null, optional: false, tokens: [] })
      slots.at(-1)!.tokens.push(token)
    }
  }
  return slots
}

function isPreposition(word: string): boolean {
  return (PREPOSITIONS as readonly string[]).includes(word)
}

function parseSlot({ preposition, optional, tokens }: RawSlot, source: string): TemplateSlot {
  const words: string[] = []
  const operands: TemplateOperand[] = []
  let isOptional = false
  let grouped = false
  tokens.forEach((token, i) => {
    if (token === '[') isOptional = true
    else if (token === ']') isOptional = false
    else if (token === '(' || token === ')') grouped ||= token === ')' && tokens[i + 1] === '...'
    else if (token.startsWith('<')) operands.push(parseOperand(token, isOptional, source))
    else if (token !== '...') words.push(token)
  })
  return { preposition, optional, words, operands, grouped }
}

function parseOperand(token: string, optional: boolean, source: string): TemplateOperand {
  const many = token.endsWith('...>')
  const inner = token.slice(1, many ? -4 : -1)
  const colon = inner.indexOf(':')
  const alternatives = inner.slice(colon + 1).split('|')
  if (alternatives.some((word) => !/^[a-z][a-z_]*$/.test(word))) throw new Error(`template \`${source}\`: \`${token}\` is not an operand`)
  requireKinds(alternatives, colon !== -1, `template \`${source}\`: \`${token}\``)
  const areTypes = alternatives.every((word) => TYPES.has(word))
  const name = colon === -1 ? (areTypes ? alternatives[0]! : 'choice') : inner.slice(0, colon)
  return { name, types: areTypes ? (alternatives as OperandType[]) : [], words: areTypes ? [] : alternatives, many, optional }
}

/**
 * Behind a name one word that is no kind, or one among kinds, is a slip: read as a choice it would refuse every policy that means the kind.
 * Without a name it is a word of the phrase, as in `buffer <completion>`.
 */
function requireKinds(alternatives: readonly string[], isNamed: boolean, where: string): void {
  const unknown = alternatives.filter((word) => !TYPES.has(word))
  const areWords = unknown.length === alternatives.length && (unknown.length > 1 || !isNamed)
  if (unknown.length === 0 || areWords) return
  const near = nearest(unknown[0]!, TYPES)
  const meant = near === null ? '' : `; did you mean \`${near}\`?`
  throw new Error(
    `${where}: \`${unknown[0]!}\` is not a kind of operand${meant || ';'} kinds are ${[...TYPES].join(', ')}; ` +
      'a choice has two words or more, and no kinds: `<side:first|last>`',
  )
}

/** How an operand is written for people: `<amount:number|attribute>`. */
export function showOperand({ name, types, words, many }: TemplateOperand): string {
  const kinds = (words.length > 0 ? words : types).join('|')
  return `<${name === kinds || name === 'choice' ? '' : `${name}:`}${kinds}${many ? '...' : ''}>`
}
