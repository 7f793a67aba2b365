// Opens the state store that the configuration names. The one place that knows both drivers.
import { resolve } from 'node:path'
import type { LoadedConfig } from '../config/config.ts'
import type { KeyStore, State } from '../model/state.ts'
import type { Clock, Log } from '../plugin/contract.ts'
import { openEmbeddedState } from './embedded.ts'
import { openKeyStore } from './key-store.ts'
import { openRedisKeys, openRedisState, type RedisSettings } from './redis/index.ts'
import { openSecrets, secretsFolder } from './secrets.ts'
import { requireSameSecrets } from './redis/same-secrets.ts'

/**
 * Rejects with a sentence when it cannot be opened: the folder belongs to another gateway, Redis does not answer or is of others. `isKnown`: Redis
 * answered others a moment ago.
 */
export async function openState(loaded: LoadedConfig, clock: Clock, log: Log, isKnown = false): Promise<State> {
  const { baseDir } = loaded
  const { state } = loaded.config
  if (state.driver === 'embedded') return openEmbeddedState({ path: resolve(baseDir, state.path), clock, log })
  await checkSecrets(loaded, { ...state, isKnown })
  const { url, commandTimeoutMs, keyPrefix } = state
  return openRedisState({ url, clock, log, commandTimeoutMs, keyPrefix, isKnown: true })
}

/** The keys alone, for commands beside running gateways: takes no ownership and counts as no process. */
export async function openKeys(loaded: LoadedConfig): Promise<{ readonly keys: KeyStore; close(): Promise<void> }> {
  const { state } = loaded.config
  if (state.driver === 'embedded') return openKeyStore(resolve(loaded.baseDir, state.path))
  await checkSecrets(loaded, state)
  return openRedisKeys(state)
}

function checkSecrets(loaded: LoadedConfig, settings: RedisSettings): Promise<void> {
  const folder = secretsFolder(loaded)
  return requireSameSecrets(settings, openSecrets(folder)('pepper'), folder)
}
