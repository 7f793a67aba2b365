// Formats texts with the words of the loaded plugins.
import { formatPolicy } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'

export const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))

/** The canonical form of a text that must be without syntax errors. */
export function fmt(text: string): string {
  const formatted = formatPolicy({ path: 'a.policy', text }, vocabulary)
  if (formatted.diagnostics.length > 0)
    throw new Error(`${formatted.diagnostics.map(({ message }) => message).join('\n')}\n${text.slice(0, 200)}`)
  return formatted.text
}

/** All comments of a text that holds no `#` elsewhere, in order. */
export function commentsOf(text: string): readonly string[] {
  return [...text.matchAll(/#[^\n\r]*/g)].map(([comment]) => comment.trimEnd())
}
