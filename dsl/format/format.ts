// The canonical form of a policy file: the same tokens and comments, laid out in one way. Formatting twice changes nothing more, and the
// artefact stays the same.
import { layOut } from './lines.ts'
import { lex } from '../syntax/lex.ts'
import { orderTokens } from './order.ts'
import { parse } from '../syntax/parse.ts'
import { printTokens } from './print.ts'
import { verbsOf } from '../vocabulary/verbs.ts'
import type { Diagnostic, SourceFile } from '../diagnostics/diagnostic.ts'
import type { Vocabulary } from '../vocabulary/vocabulary.ts'

export interface Formatted {
  /** The text as it came if there is a syntax error. */
  readonly text: string
  /** Of the syntax alone: what a file means is not looked at. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Never throws, whatever the text. The vocabulary gives the order of prepositions. */
export function formatPolicy(source: SourceFile, vocabulary: Vocabulary): Formatted {
  const { file, diagnostics } = parse(source)
  // The verbs make the messages better; a file that is right reads the same without them.
  if (diagnostics.length > 0) return { text: source.text, diagnostics: parse(source, { verbs: allVerbs(vocabulary) }).diagnostics }
  const { tokens } = lex(source)
  return {
    text: printTokens(tokens, orderTokens(tokens, file, source.text, vocabulary), layOut(file, source.text), source.text),
    diagnostics,
  }
}

function allVerbs(vocabulary: Vocabulary): ReadonlySet<string> {
  const uses = ['effect', 'fact', 'exception', 'overlay', 'expect'] as const
  return new Set(uses.flatMap((use) => verbsOf(vocabulary).words(use)))
}
