// Opens the state store that the configuration names. The one place that knows both drivers.
import { resolve } from 'node:path'
import type { LoadedConfig } from '../config/config.ts'
import type { KeyStore, State } from '../model/state.ts'
import type { Clock, Log } from '../plugin/contract.ts'
import { openEmbeddedState } from './embedded.ts'
import { openKeyStore } from './key-store.ts'
import { openRedisKeys, openRedisState } from './redis/index.ts'

/** Rejects with a sentence when it cannot be opened: the folder belongs to another gateway, Redis does not answer. */
export async function openState({ config, baseDir }: LoadedConfig, clock: Clock, log: Log): Promise<State> {
  const { state } = config
  if (state.driver === 'embedded') return openEmbeddedState({ path: resolve(baseDir, state.path), clock, log })
  const { url, commandTimeoutMs, keyPrefix } = state
  return openRedisState({ url, clock, log, commandTimeoutMs, keyPrefix })
}

/** The keys alone, for commands beside running gateways: takes no ownership and counts as no process. */
export async function openKeys({ config, baseDir }: LoadedConfig): Promise<{ readonly keys: KeyStore; close(): Promise<void> }> {
  const { state } = config
  return state.driver === 'embedded' ? openKeyStore(resolve(baseDir, state.path)) : openRedisKeys(state)
}
