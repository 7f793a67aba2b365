// Puts the prepositions of a phrase into the order of its verb's template, which changes nothing of what it means.
import { firstWords, verbsOf } from '../vocabulary/verbs.ts'
import { phrasesOf } from './lines.ts'
import { readGap } from './gaps.ts'
import type { FileAst, Phrase, Slot } from '../syntax/ast.ts'
import type { IToken } from 'chevrotain'
import type { Template } from '../vocabulary/template.ts'
import type { VerbUse, Vocabulary } from '../vocabulary/vocabulary.ts'

const USES: readonly VerbUse[] = ['fact', 'effect', 'exception', 'overlay', 'expect']

/** The tokens in canonical order. A phrase with a comment in it, or one that fits no template, stays as it is. */
export function orderTokens(tokens: readonly IToken[], file: FileAst, text: string, vocabulary: Vocabulary): readonly IToken[] {
  const ordered = [...tokens]
  const indexOf = new Map(tokens.map((token, at) => [token.startOffset, at]))
  for (const phrase of phrasesOf(file)) {
    const slots = inOrder(phrase, vocabulary)
    if (slots === null || hasComment(phrase, tokens, indexOf, text)) continue
    const rangeOf = (slot: Slot): readonly IToken[] => {
      const from = indexOf.get(slot.span.start)!
      let to = from
      while (to < tokens.length && tokens[to]!.startOffset < slot.span.end) to++
      return tokens.slice(from, to)
    }
    const moved = slots.flatMap(rangeOf)
    ordered.splice(indexOf.get(phrase.slots[0]!.span.start)!, moved.length, ...moved)
  }
  return ordered
}

/** Null: nothing to move. */
function inOrder(phrase: Phrase, vocabulary: Vocabulary): readonly Slot[] | null {
  if (phrase.slots.length < 2) return null
  const template = templateOf(phrase, vocabulary)
  if (template === null) return null
  const rank = ({ preposition }: Slot): number => template.slots.findIndex((slot) => slot.preposition === (preposition?.text ?? null))
  const sorted = phrase.slots.toSorted((a, b) => rank(a) - rank(b))
  return sorted.every((slot, at) => slot === phrase.slots[at]) ? null : sorted
}

/** The template that takes every preposition of the phrase, each once, and the word that it begins with. */
function templateOf({ verb, slots }: Phrase, vocabulary: Vocabulary): Template | null {
  const used = slots.map(({ preposition }) => preposition?.text ?? null)
  if (new Set(used).size < used.length) return null
  const fitting = USES.flatMap((use) => verbsOf(vocabulary).find(use, verb.text))
    .map(({ template }) => template)
    .filter((template) => used.every((word) => template.slots.some(({ preposition }) => preposition === word)))
  const wordFor = (template: Template): string | null => {
    const first = slots.find(({ preposition }) => (preposition?.text ?? null) === template.slots[0]!.preposition)?.groups[0]?.[0]
    return first?.kind === 'path' ? first.name.text : null
  }
  return fitting.find((template) => firstWords(template).includes(wordFor(template) ?? '*')) ?? fitting[0] ?? null
}

function hasComment({ span }: Phrase, tokens: readonly IToken[], indexOf: ReadonlyMap<number, number>, text: string): boolean {
  for (let at = indexOf.get(span.start)! + 1; at < tokens.length && tokens[at]!.startOffset < span.end; at++) {
    const before = tokens[at - 1]!
    if (readGap(text, before.startOffset + before.image.length, tokens[at]!.startOffset).comments.length > 0) return true
  }
  return false
}
