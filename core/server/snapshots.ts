// Builds snapshots and swaps them: a reload makes a whole new one beside the old, and only a good one takes over.
import { resolve } from 'node:path'
import { bindAside } from '../policy/bind.ts'
import { compilePolicies, readGatewayPolicies, STANDARD_POLICIES, type CompiledPolicies } from '../policy/load.ts'
import { createUpstream } from '../upstream/index.ts'
import { keptCredentials } from '../config/secrets.ts'
import { gatherWords } from '../policy/words.ts'
import { warmPolicies } from '../policy/warm.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { newId } from '../model/ids.ts'
import { openAiChatReader } from '../wire/index.ts'
import { loadPlugins } from '../plugin/load.ts'
import { setupPlugins } from '../plugin/registry.ts'
import { Snapshot, type Kernel } from '../pipeline/snapshot.ts'
import type { Host, Plugin, VerbUse } from '../plugin/contract.ts'
import type { CredentialSource, LoadedConfig } from '../config/config.ts'
import type { ProviderInfo } from '../model/target.ts'

const SCAN_DEADLINE_MS = 2000
const SCAN_WORKERS = 1
const NO_DETAILS = { ip: '', before: '', after: '', result: 'ok' }

export interface SnapshotParts {
  readonly kernel: Kernel
  /** Those that come with the gateway; the configuration may name folders of others. */
  readonly plugins: readonly Plugin[]
  readonly secret: (name: string) => Buffer
  /** Compiles the policies of a reload without holding up the requests that are under way. */
  readonly compileAside: (sources: PolicySources) => Promise<CompiledPolicies>
}

/** All that decides what policies compile to, as plain data. */
export interface PolicySources {
  readonly paths: readonly string[]
  /** Policies that lie in no file. */
  readonly texts?: readonly { readonly path: string; readonly text: string }[]
  readonly baseDir: string
  readonly pluginPaths: readonly string[]
  /** Configuration of the plugins, which may change their words. */
  readonly plugins: LoadedConfig['config']['plugins']
}

/** Builds a snapshot. Throws ConfigError, PluginConfigError or PolicyError; nothing of the running snapshot is touched. */
export async function buildSnapshot(
  { kernel, plugins, secret, compileAside }: SnapshotParts,
  loaded: LoadedConfig,
  generation: number,
): Promise<Snapshot> {
  let policies: CompiledPolicies['bundle']['policies'] = []
  const hostFor = (plugin: string): Host => ({
    state: kernel.state,
    directory: loaded.directory,
    currency: loaded.config.money.base,
    clock: kernel.clock,
    log: named(kernel.log, plugin),
    newId,
    adminEvent: (event) => kernel.record.adminEvent({ ...NO_DETAILS, ...event, ts: kernel.clock.now() }),
    usesOf: (verb) => usesIn(policies, verb),
    secret,
  })
  const all = await loadPlugins(plugins, loaded.config.pluginPaths, loaded.baseDir)
  const credentials = keptCredentials(() => kernel.clock.monotonic())
  const set = await setupPlugins(all, loaded.config.plugins, hostFor)
  try {
    requireAdapters(loaded, set.adapters)
    const words = gatherWords(set.vocabularies)
    const { bundle, warnings } =
      generation === 1
        ? compilePolicies(readGatewayPolicies(policyPaths(loaded), loaded.baseDir), words)
        : await compileAside(sourcesOf(loaded))
    policies = bundle.policies
    for (const { code, message, span } of warnings) kernel.log.warn({ code, file: span.file }, `policy: ${message}`)
    if (!loaded.config.policies.standard) kernel.log.warn({}, 'the standard policies are switched off (policies.standard: false)')
    const bound = await bindAside(bundle, words, { scanDeadlineMs: SCAN_DEADLINE_MS, scanWorkers: SCAN_WORKERS })
    await warmPolicies(bound)
    return new Snapshot({
      generation,
      loaded,
      plugins: set,
      bound,
      upstream: createUpstream({
        adapters: set.adapters,
        clock: kernel.clock,
        defaultReader: openAiChatReader,
        credential: (provider) => credentialOf(loaded, provider, credentials),
      }),
    })
  } catch (error) {
    await set.close()
    throw error
  }
}

function usesIn(policies: CompiledPolicies['bundle']['policies'], verb: string): readonly VerbUse[] {
  return policies
    .filter(({ mode }) => mode === 'enforce')
    .flatMap(({ id, effects }) => effects.filter((effect) => effect.verb === verb).map(({ operands }) => ({ policy: id, operands })))
}

function sourcesOf(loaded: LoadedConfig): PolicySources {
  const { pluginPaths, plugins } = loaded.config
  return { paths: policyPaths(loaded), baseDir: loaded.baseDir, pluginPaths, plugins }
}

export function policyPaths({ config, baseDir }: LoadedConfig): readonly string[] {
  const own = config.policies.paths.map((path) => resolve(baseDir, path))
  return config.policies.standard ? [STANDARD_POLICIES, ...own] : own
}

/** Where a change asks for a reload: policies and the folders of plugins. */
export function watchedPaths(loaded: LoadedConfig): readonly string[] {
  return [...policyPaths(loaded), ...loaded.config.pluginPaths.map((path) => resolve(loaded.baseDir, path))]
}

function requireAdapters(loaded: LoadedConfig, adapters: ReadonlyMap<string, unknown>): void {
  for (const model of loaded.directory.models.values()) {
    for (const { provider } of model.targets) {
      if (adapters.has(provider.type)) continue
      throw new Error(
        `providers: ${provider.name} has the type ${provider.type}, which no plugin brings; there are ${[...adapters.keys()].join(', ')}`,
      )
    }
  }
}

function credentialOf(loaded: LoadedConfig, provider: ProviderInfo, read: (source: CredentialSource) => string | null): string | null {
  if (provider.credentialRef === null) return null
  const source = loaded.credentials.get(provider.credentialRef)
  if (!source)
    throw new GatewayError('upstream_error', { message: `The credential ${provider.credentialRef} is not configured.`, shouldRetry: false })
  const value = read(source)
  if (value === null)
    throw new GatewayError('upstream_error', { message: `The credential ${provider.credentialRef} is not set.`, shouldRetry: false })
  return value
}

function named(log: Kernel['log'], plugin: string): Kernel['log'] {
  return {
    debug: (fields, message) => log.debug({ plugin, ...fields }, message),
    info: (fields, message) => log.info({ plugin, ...fields }, message),
    warn: (fields, message) => log.warn({ plugin, ...fields }, message),
    error: (fields, message) => log.error({ plugin, ...fields }, message),
  }
}
