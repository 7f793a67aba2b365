// All verbs of a vocabulary with their templates parsed, by use and word; and the problems that make a vocabulary unusable.
import { parseTemplate, type Template, type TemplateSlot } from './template.ts'
import type { VerbDeclaration, VerbUse, Vocabulary } from './vocabulary.ts'

export interface KnownVerb {
  readonly declaration: VerbDeclaration
  readonly template: Template
}

export interface Verbs {
  /** Phrases of a verb in a use; empty when there is none. */
  find(use: VerbUse, word: string): readonly KnownVerb[]
  /** The verb somebody meant by another word (`block`), or null. */
  alias(use: VerbUse, word: string): string | null
  words(use: VerbUse): readonly string[]
}

const RESERVED = new Set(
  (
    'module import detector list const param attribute policy exception overlay test default when unless on given message chunks answer expect and or not ' +
    'contains scoring has of some every no where exists is starts ends like true false to in with from for by within per at as except'
  ).split(' '),
)

const cache = new WeakMap<Vocabulary, Verbs>()

/** Throws an Error with every problem of the templates, each naming the plugins. */
export function verbsOf(vocabulary: Vocabulary): Verbs {
  let verbs = cache.get(vocabulary)
  if (!verbs) cache.set(vocabulary, (verbs = readVerbs(vocabulary.verbs)))
  return verbs
}

function readVerbs(declarations: readonly VerbDeclaration[]): Verbs {
  const problems: string[] = []
  const known = declarations.flatMap((declaration): KnownVerb[] => {
    try {
      return [{ declaration, template: parseTemplate(declaration.phrase) }]
    } catch (error) {
      problems.push(`plugin ${declaration.plugin}: ${(error as Error).message}`)
      return []
    }
  })
  problems.push(...known.flatMap(brokenRules), ...clashes(known))
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const byWord = Map.groupBy(known, ({ declaration, template }) => `${declaration.use} ${template.verb}`)
  const NONE: readonly KnownVerb[] = []
  return {
    find: (use, word) => byWord.get(`${use} ${word}`) ?? NONE,
    alias: (use, word) =>
      known.find(({ declaration }) => declaration.use === use && declaration.aliases.includes(word))?.template.verb ?? null,
    words: (use) => [...new Set(known.filter(({ declaration }) => declaration.use === use).map(({ template }) => template.verb))],
  }
}

/** Rules about operands that the template does not have, or that cannot be applied. */
function brokenRules({ declaration: { operands = {}, plugin }, template }: KnownVerb): readonly string[] {
  const known = new Set(template.slots.flatMap((slot) => slot.operands.map(({ name }) => name)))
  return Object.entries(operands).flatMap(([name, { pattern, whole, like }]) => {
    const others = [like, typeof whole === 'object' ? whole.operand : undefined].flatMap((other) => other ?? [])
    const odd = [name, ...others].find((operand) => !known.has(operand))
    if (odd !== undefined) return [`plugin ${plugin}: \`${template.source}\` has no operand \`${odd}\``]
    return pattern === undefined || isPattern(pattern) ? [] : [`plugin ${plugin}: \`${pattern}\` is no regular expression`]
  })
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp
  } catch {
    return false
  }
}

/** Reserved verbs, words in slots that are another plugin's verb, and phrases of one use that begin alike. */
function clashes(known: readonly KnownVerb[]): readonly string[] {
  const problems: string[] = []
  const owner = new Map(known.map(({ declaration, template }) => [template.verb, declaration.plugin]))
  for (const [i, { declaration, template }] of known.entries()) {
    if (RESERVED.has(template.verb)) problems.push(`plugin ${declaration.plugin}: the verb \`${template.verb}\` is a reserved word`)
    for (const { words, operands } of template.slots) {
      for (const word of [...words, ...operands.flatMap((operand) => operand.words)]) {
        const other = owner.get(word)
        if (other !== undefined && other !== declaration.plugin)
          problems.push(`plugins ${declaration.plugin} and ${other}: \`${word}\` is a word in \`${template.source}\` and a verb`)
      }
    }
    for (const other of known.slice(0, i)) {
      if (other.template.verb !== template.verb || other.declaration.use !== declaration.use) continue
      const shared = firstWords(template).filter((word) => firstWords(other.template).includes(word))
      if (shared.length > 0)
        problems.push(
          `plugins ${other.declaration.plugin} and ${declaration.plugin}: \`${other.template.source}\` and \`${template.source}\` begin alike`,
        )
    }
  }
  return problems
}

/** The words that can follow the verb (or its first preposition); `*` where any operand may. */
export function firstWords({ slots }: Template): readonly string[] {
  const first: TemplateSlot | undefined = slots[0]
  if (!first) return ['']
  if (first.words.length > 0) return [first.words[0]!]
  const operand = first.operands[0]
  return operand && operand.words.length > 0 ? operand.words : ['*']
}
