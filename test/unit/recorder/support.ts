// One embedded engine for all tests of the recorder (a start costs a second), a database per test, and stores that misbehave.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openChdb } from '../../../core/recorder/chdb.ts'
import { migrate } from '../../../core/recorder/migrate.ts'
import { StoreError, type InsertBatch, type Store } from '../../../core/recorder/store.ts'

export interface Engine {
  /** A migrated store on an empty database. */
  fresh(): Promise<Store>
  close(): Promise<void>
}

export function startEngine(): Engine {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-chdb-'))
  const stores: Store[] = []
  return {
    fresh: async () => {
      const store = await openChdb({ path, database: `t${stores.length}` })
      stores.push(store)
      await migrate(store)
      return store
    },
    close: async () => {
      for (const store of stores) await store.close()
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** A store whose inserts fail by plan: `before` the rows arrive, or `after` they have and nobody learns of it. */
export function flakyStore(store: Store, plan: (batch: InsertBatch, nth: number) => 'fine' | 'before' | 'after'): Store {
  let nth = 0
  return {
    database: store.database,
    ping: () => store.ping(),
    ddl: (statement) => store.ddl(statement),
    query: (statement) => store.query(statement),
    stream: (statement) => store.stream(statement),
    close: () => Promise.resolve(),
    insert: async (batch) => {
      const fate = plan(batch, ++nth)
      if (fate === 'before') throw new StoreError('connection refused', null)
      await store.insert(batch)
      if (fate === 'after') throw new StoreError('connection lost', null)
    },
  }
}

export async function counts(
  store: Store,
  tables: readonly string[] = ['requests', 'decisions', 'findings', 'attempts'],
): Promise<number[]> {
  const columns = tables.map((table) => `(SELECT count() FROM ${store.database}.${table}) AS ${table}`)
  const [row] = await store.query<Record<string, string>>(`SELECT ${columns.join(', ')}`)
  return tables.map((table) => Number(row![table]))
}
