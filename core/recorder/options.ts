// What a recorder needs to know, as plain data: it crosses a process border as JSON.
import { join } from 'node:path'
import { openChdb } from './chdb.ts'
import { openClickHouse } from './clickhouse.ts'
import type { Store } from './store.ts'

export type Engine =
  | { readonly driver: 'embedded'; readonly path: string }
  | { readonly driver: 'server'; readonly url: string; readonly database: string; readonly user: string; readonly password: string }

/** Paths are absolute. */
export interface RecorderOptions {
  readonly spool: string
  readonly clickhouse: Engine
}

/** Opens the engine that the options name. Rejects with `StoreError` when it is away. */
export const openStore = ({ clickhouse }: RecorderOptions): Promise<Store> =>
  clickhouse.driver === 'embedded' ? openChdb({ path: clickhouse.path }) : openClickHouse(clickhouse)

/** The lock that names the recorder of this data. */
export const lockPath = (options: RecorderOptions): string => join(options.spool, 'recorder.lock')
