// The vocabulary of a snapshot: what plugins and the kernel declare, once as data for the compiler and once as functions for the run time.
import type { Attribute, Check, EffectCall, Engine, Verb } from '../plugin/contract.ts'
import type { PluginWords } from '../plugin/registry.ts'
import type { HookOwner } from '../plugin/run.ts'
import { requireDistinctWords } from '../plugin/clashes.ts'
import { allMarksOf } from '../detect/marks.ts'
import { CATALOGUE } from '../errors/catalogue.ts'
import { COMPLETION_LOCATIONS, PROMPT_LOCATIONS } from '../model/content.ts'
import { KERNEL_VERBS, type Vocabulary } from '../../dsl/index.ts'
import { KERNEL_VOCABULARY } from './kernel-nouns.ts'

export interface OwnedAttribute {
  readonly attribute: Attribute
  readonly owner: HookOwner
}

export interface OwnedVerb {
  readonly verb: Verb
  /** Place in the order of declaration. */
  readonly rank: number
  readonly owner: HookOwner
}

export interface Words {
  /** What the compiler checks against. */
  readonly vocabulary: Vocabulary
  /** Exact names and families (`metadata.*`). */
  attribute(name: string): OwnedAttribute | null
  /** The phrase behind a call; null for the kernel's own verbs. */
  verbOf(call: EffectCall): OwnedVerb | null
  readonly checks: ReadonlyMap<string, Check['test']>
  readonly engines: readonly Engine[]
}

const KERNEL: PluginWords = { plugin: 'kernel', vocabulary: KERNEL_VOCABULARY, onFailure: {}, budgetMs: {} }

/** Throws an Error when two plugins bring the same attribute or check, naming both. */
export function gatherWords(plugins: readonly PluginWords[]): Words {
  const all = [KERNEL, ...plugins]
  requireDistinctWords(all)
  const attributes = new Map<string, OwnedAttribute>()
  const phrases = new Map<string, OwnedVerb>()
  const checks = new Map<string, Check['test']>()
  for (const words of all) {
    for (const attribute of words.vocabulary.attributes ?? [])
      attributes.set(attribute.name, { attribute, owner: ownerOf(words, 'resolve') })
    for (const verb of words.vocabulary.verbs ?? []) phrases.set(verb.phrase, { verb, rank: phrases.size, owner: ownerOf(words, 'enact') })
    for (const check of words.vocabulary.checks ?? []) checks.set(check.name, check.test)
  }
  return {
    vocabulary: vocabularyOf(all),
    attribute: (name) => attributes.get(name) ?? attributes.get(familyOf(name)) ?? null,
    verbOf: ({ phrase }) => phrases.get(phrase) ?? null,
    checks,
    engines: all.flatMap(({ vocabulary }) => vocabulary.engines ?? []),
  }
}

/** `metadata.case_id` belongs to the family `metadata.*`. */
function familyOf(name: string): string {
  return name.slice(0, name.lastIndexOf('.')) + '.*'
}

function ownerOf(words: PluginWords, hook: 'resolve' | 'enact'): HookOwner {
  return { plugin: words.plugin, onFailure: words.onFailure[hook] ?? 'deny', budgetMs: words.budgetMs[hook] ?? 1000 }
}

function vocabularyOf(all: readonly PluginWords[]): Vocabulary {
  return {
    attributes: all.flatMap(({ plugin, vocabulary }) => (vocabulary.attributes ?? []).map((attribute) => ({ ...attribute, plugin }))),
    verbs: [...KERNEL_VERBS, ...all.flatMap(({ plugin, vocabulary }) => (vocabulary.verbs ?? []).map((verb) => ({ ...verb, plugin })))],
    checks: all.flatMap(({ plugin, vocabulary }) => (vocabulary.checks ?? []).map((check) => ({ ...check, plugin }))),
    locations: [
      ...PROMPT_LOCATIONS.map((name) => ({ name, phase: 'request' as const })),
      ...COMPLETION_LOCATIONS.map((name) => ({ name, phase: 'response' as const })),
    ],
    engines: all.flatMap(({ plugin, vocabulary }) =>
      (vocabulary.engines ?? []).flatMap(({ detectors }) => detectors.map((detector) => ({ ...detector, plugin }))),
    ),
    views: { marks: allMarksOf },
    errorCodes: Object.fromEntries(Object.entries(CATALOGUE).map(([code, { status }]) => [code, status])),
  }
}
