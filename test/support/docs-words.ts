// The tables of words in the guide to the policy language, as the loaded plugins declare them.
import { code, table, typeName } from '../../scripts/markdown.ts'
import { gatherWords } from '../../core/policy/words.ts'
import { PLUGINS } from '../../core/plugins.ts'
import { readVocabularies } from '../../core/plugin/registry.ts'

const vocabulary = gatherWords(readVocabularies(PLUGINS, {})).vocabulary

/** Templates of all effects of the loaded plugins. */
export const effectPhrases: readonly string[] = vocabulary.verbs.filter(({ use }) => use === 'effect').map(({ phrase }) => phrase)

export function effectsTable(): string {
  const rows = vocabulary.verbs
    .filter(({ use }) => use === 'effect')
    .map(({ phrase, phases, plugin, doc }) => [code(phrase), phases.length === 4 ? 'all' : phases.join(', '), plugin, doc])
  return table(['effect', 'phases', 'from', 'what it does'], rows)
}

export function factsTable(): string {
  const rows = vocabulary.verbs.filter(({ use }) => use === 'fact').map(({ phrase, doc }) => [code(phrase), doc])
  return table(['fact', 'what it says'], rows)
}

export function attributesTable(): string {
  const rows = vocabulary.attributes.map(({ name, type, optional, phase, source, example, doc }) => [
    code(name),
    typeName(type) + (optional ? '?' : ''),
    phase,
    source,
    optional ? 'absent' : code(JSON.stringify(example)),
    doc,
  ])
  return table(['attribute', 'type', 'from phase', 'source', 'in a test', 'what it is'], rows)
}
