// Words that two plugins declare: a policy could not know whose it means. Phrases of verbs are compared by the language itself.
import type { PluginVocabulary } from './contract.ts'

interface Declared {
  readonly plugin: string
  readonly vocabulary: PluginVocabulary
}

/** Throws an Error with every attribute and check that is declared twice, naming both plugins. */
export function requireDistinctWords(all: readonly Declared[]): void {
  const problems = [
    ...doubled('attribute', all, ({ attributes }) => attributes?.map(({ name }) => name)),
    ...doubled('check', all, ({ checks }) => checks?.map(({ name }) => name)),
    ...doubled('detector', all, ({ engines }) => engines?.flatMap(({ detectors }) => detectors.map(({ name }) => name))),
  ]
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

function doubled(
  kind: string,
  all: readonly Declared[],
  namesOf: (vocabulary: PluginVocabulary) => readonly string[] | undefined,
): readonly string[] {
  const owners = new Map<string, string>()
  return all.flatMap(({ plugin, vocabulary }) =>
    (namesOf(vocabulary) ?? []).flatMap((name) => {
      const other = owners.get(name)
      owners.set(name, plugin)
      if (other === undefined) return []
      return [
        other === plugin
          ? `plugin ${plugin} brings the ${kind} ${name} twice`
          : `plugins ${other} and ${plugin} both bring the ${kind} ${name}`,
      ]
    }),
  )
}
