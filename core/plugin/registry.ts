// The plugins of one snapshot: ordered, checked, set up, and their hooks sorted by kind so that a request only walks arrays.
import { orderPlugins } from './order.ts'
import { brokenWords } from './words-shape.ts'
import { checkPluginConfigs, type CheckedPlugin } from './validate.ts'
import type { GuardedHook, Hooks, Host, Plugin, PluginVocabulary, ProviderAdapter } from './contract.ts'
import type { JsonObject } from '../model/value.ts'

/** Thrown at boot or reload; carries every finding. */
export class PluginConfigError extends Error {
  readonly findings: readonly string[]
  constructor(findings: readonly string[]) {
    super(findings.join('\n'))
    this.name = 'PluginConfigError'
    this.findings = findings
  }
}

/** A hook together with the plugin it belongs to, its failure mode and its budget. */
export interface Bound<Hook> {
  readonly plugin: string
  readonly call: Hook
  readonly onFailure: 'deny' | 'skip'
  readonly budgetMs: number
}

type HookOf<Name extends keyof Hooks> = NonNullable<Hooks[Name]>

export interface PluginSet {
  readonly names: readonly string[]
  readonly identify: readonly Bound<HookOf<'identify'>>[]
  readonly identifyAdmin: readonly Bound<HookOf<'identifyAdmin'>>[]
  readonly answer: readonly Bound<HookOf<'answer'>>[]
  readonly plan: readonly Bound<HookOf<'plan'>>[]
  readonly aroundAttempt: readonly Bound<HookOf<'aroundAttempt'>>[]
  readonly openFilter: readonly Bound<HookOf<'openFilter'>>[]
  /** One at most. */
  readonly openTokens: readonly Bound<HookOf<'openTokens'>>[]
  readonly onAnswer: readonly Bound<HookOf<'onAnswer'>>[]
  readonly onSettle: readonly Bound<HookOf<'onSettle'>>[]
  readonly routes: readonly Bound<HookOf<'routes'>>[]
  readonly adapters: ReadonlyMap<string, ProviderAdapter>
  /** Upper bound of upstream calls per exchange: the largest any plugin asks for, 1 without one. */
  readonly maxAttempts: number
  readonly vocabularies: readonly PluginWords[]
  close(): Promise<void>
}

/** A plugin's vocabulary with what the kernel needs to run it. */
export interface PluginWords {
  readonly plugin: string
  readonly vocabulary: PluginVocabulary
  readonly onFailure: Plugin['onFailure']
  readonly budgetMs: Plugin['budgetMs']
}

const DEFAULT_BUDGET_MS = 1000

/** Vocabularies without setup: what `policy check` and the snapshot's compiler read. Throws PluginConfigError. */
export function readVocabularies(plugins: readonly Plugin[], blocks: { readonly [name: string]: JsonObject }): readonly PluginWords[] {
  return wordsOfAll(check(plugins, blocks))
}

/** Sets plugins up for a snapshot. Throws PluginConfigError, or whatever a plugin's `setup` throws with the plugin's name in front. */
export async function setupPlugins(
  plugins: readonly Plugin[],
  blocks: { readonly [name: string]: JsonObject },
  hostFor: (plugin: string) => Host,
): Promise<PluginSet> {
  const checked = check(plugins, blocks)
  const vocabularies = wordsOfAll(checked)
  const loaded: { plugin: Plugin; hooks: Hooks }[] = []
  try {
    for (const { plugin, config } of checked) loaded.push({ plugin, hooks: await setupOne(plugin, config, hostFor(plugin.name)) })
    requireFailureModes(loaded)
    requireTokens(loaded, vocabularies)
  } catch (error) {
    await closeAll(loaded)
    throw error
  }
  return {
    names: loaded.map(({ plugin }) => plugin.name),
    identify: bind(loaded, 'identify'),
    identifyAdmin: bind(loaded, 'identifyAdmin'),
    answer: bind(loaded, 'answer'),
    plan: bind(loaded, 'plan'),
    aroundAttempt: bind(loaded, 'aroundAttempt'),
    openFilter: bind(loaded, 'openFilter'),
    openTokens: bind(loaded, 'openTokens'),
    onAnswer: bind(loaded, 'onAnswer'),
    onSettle: bind(loaded, 'onSettle'),
    routes: bind(loaded, 'routes'),
    adapters: adaptersOf(loaded),
    maxAttempts: Math.max(1, ...loaded.map(({ hooks }) => hooks.maxAttempts ?? 1)),
    vocabularies,
    close: () => closeAll(loaded),
  }
}

function check(plugins: readonly Plugin[], blocks: { readonly [name: string]: JsonObject }): readonly CheckedPlugin[] {
  const { checked, findings } = checkPluginConfigs(orderPlugins(plugins), blocks)
  if (findings.length > 0) throw new PluginConfigError(findings.map(({ path, message }) => `${path}: ${message}`))
  return checked
}

/** Asks each plugin once; throws PluginConfigError with every declaration that breaks the contract. */
function wordsOfAll(checked: readonly CheckedPlugin[]): readonly PluginWords[] {
  const findings: string[] = []
  const words = checked.map(({ plugin, config }): PluginWords => {
    const vocabulary = vocabularyOf(plugin, config, findings)
    return { plugin: plugin.name, vocabulary, onFailure: plugin.onFailure, budgetMs: plugin.budgetMs }
  })
  if (findings.length > 0) throw new PluginConfigError(findings)
  return words
}

function vocabularyOf(plugin: Plugin, config: unknown, findings: string[]): PluginVocabulary {
  try {
    const vocabulary = plugin.vocabulary?.(config) ?? {}
    findings.push(...brokenWords(vocabulary).map((says) => `plugin ${plugin.name}: ${says}`))
    return vocabulary
  } catch (error) {
    findings.push(`plugin ${plugin.name}: its vocabulary failed: ${error instanceof Error ? error.message : String(error)}`)
    return {}
  }
}

async function setupOne(plugin: Plugin, config: unknown, host: Host): Promise<Hooks> {
  try {
    return await plugin.setup(config, host)
  } catch (error) {
    throw new Error(`plugin ${plugin.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** A hook that judges must say what happens when it fails; forgetting that is a boot error. */
function requireFailureModes(loaded: readonly { plugin: Plugin; hooks: Hooks }[]): void {
  const judging: readonly GuardedHook[] = [
    'identify',
    'identifyAdmin',
    'answer',
    'plan',
    'aroundAttempt',
    'openFilter',
    'openTokens',
    'onAnswer',
    'onSettle',
  ]
  for (const { plugin, hooks } of loaded) {
    for (const hook of judging) {
      if (hook in hooks && plugin.onFailure[hook] === undefined)
        throw new Error(`plugin ${plugin.name}: onFailure.${hook} is missing; say 'deny' or 'skip'`)
    }
  }
}

/** A reversible verb without the hook would put something there that nobody can take back. */
function requireTokens(loaded: readonly { plugin: Plugin; hooks: Hooks }[], vocabularies: readonly PluginWords[]): void {
  const bringing = loaded.filter(({ hooks }) => hooks.openTokens !== undefined).map(({ plugin }) => plugin.name)
  if (bringing.length > 1) throw new Error(`plugins ${bringing.join(' and ')} both bring the hook openTokens; only one may`)
  for (const { plugin, vocabulary } of vocabularies) {
    const verb = vocabulary.verbs?.find((one) => one.acts === 'spans' && one.reversible === true)
    if (verb && !bringing.includes(plugin))
      throw new Error(`plugin ${plugin}: the verb \`${verb.phrase}\` is reversible, and the plugin brings no hook openTokens`)
  }
}

function bind<Name extends keyof Hooks & GuardedHook>(
  loaded: readonly { plugin: Plugin; hooks: Hooks }[],
  name: Name,
): Bound<HookOf<Name>>[]
function bind(loaded: readonly { plugin: Plugin; hooks: Hooks }[], name: 'routes'): Bound<HookOf<'routes'>>[]
function bind(loaded: readonly { plugin: Plugin; hooks: Hooks }[], name: keyof Hooks): Bound<unknown>[] {
  return loaded.flatMap(({ plugin, hooks }) => {
    const call = hooks[name]
    if (typeof call !== 'function') return []
    const hook = name as GuardedHook
    return [
      {
        plugin: plugin.name,
        call: call.bind(hooks) as unknown,
        onFailure: plugin.onFailure[hook] ?? 'deny',
        budgetMs: plugin.budgetMs[hook] ?? DEFAULT_BUDGET_MS,
      },
    ]
  })
}

function adaptersOf(loaded: readonly { plugin: Plugin; hooks: Hooks }[]): ReadonlyMap<string, ProviderAdapter> {
  const adapters = new Map<string, ProviderAdapter>()
  const owner = new Map<string, string>()
  for (const { plugin, hooks } of loaded) {
    for (const adapter of hooks.providers ?? []) {
      const other = owner.get(adapter.type)
      if (other) throw new Error(`plugins ${other} and ${plugin.name} both bring the provider type ${adapter.type}`)
      owner.set(adapter.type, plugin.name)
      adapters.set(adapter.type, adapter)
    }
  }
  return adapters
}

async function closeAll(loaded: readonly { hooks: Hooks }[]): Promise<void> {
  for (const { hooks } of [...loaded].reverse()) await hooks.close?.()
}
