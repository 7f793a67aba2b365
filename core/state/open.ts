// Opens the state that a configuration names.
import { resolve } from 'node:path'
import { openEmbeddedState } from './embedded.ts'
import type { Clock, Log } from '../plugin/contract.ts'
import type { LoadedConfig } from '../config/config.ts'
import type { State } from '../model/state.ts'

/** Rejects with a sentence when the folder belongs to another gateway, or the store cannot be reached. */
export async function openState({ config, baseDir }: LoadedConfig, clock: Clock, log: Log): Promise<State> {
  const { state } = config
  if (state.driver === 'embedded') return openEmbeddedState({ path: resolve(baseDir, state.path), clock, log })
  throw new Error('state.driver: only "embedded" is supported by this version')
}
