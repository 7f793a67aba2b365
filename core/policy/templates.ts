// A bundle means what its verbs meant when it was compiled. Where the loaded plugins' phrases differ it is refused, before anything is judged.
import type { Bundle } from '../../dsl/index.ts'
import type { Words } from './words.ts'

/** Throws an Error with every verb whose phrases have changed, naming the plugin of then and the plugin of now. */
export function requireSameTemplates(bundle: Bundle, { vocabulary }: Words): void {
  const problems = Object.entries(bundle.templates).flatMap(([verb, then]) => {
    const now = vocabulary.verbs.filter(({ use, phrase }) => use === 'effect' && wordOf(phrase) === verb)
    const phrases = now.map(({ phrase }) => phrase)
    if (phrases.length === then.length && then.every((phrase) => phrases.includes(phrase))) return []
    const brought = now.length === 0 ? 'no loaded plugin brings it' : `plugin ${namesOf(now)} brings ${shown(phrases)}`
    return [
      `the policies were compiled with the verb \`${verb}\` of plugin ${(bundle.plugins[verb] ?? []).join(', ')}, ${shown(then)}; ${brought}`,
    ]
  })
  if (problems.length > 0) throw new Error(`${problems.join('\n')}\nCompile the policies again with the plugins that are loaded.`)
}

const wordOf = (phrase: string): string => phrase.split(' ', 1)[0]!
const shown = (phrases: readonly string[]): string => phrases.map((phrase) => `\`${phrase}\``).join(', ')
const namesOf = (verbs: readonly { readonly plugin: string }[]): string => [...new Set(verbs.map(({ plugin }) => plugin))].join(', ')
