// Brings a database to the schema of this version: creates what is missing, then runs the migrations that its `schema_version` lacks.
import { addBooked, createTable, TABLES } from './schema.ts'
import type { Store } from './store.ts'

/** One step from version n to n + 1; `statements` must be safe to repeat (IF NOT EXISTS), for a step may be cut off. */
interface Migration {
  readonly version: number
  readonly statements: (database: string) => readonly string[]
}

const MIGRATIONS: readonly Migration[] = [
  // Makes the newest tables: the later steps find their work done on an empty database.
  { version: 1, statements: (database) => TABLES.map((table) => createTable(database, table)) },
  { version: 2, statements: (database) => [addBooked(database)] },
]

const versionTable = (database: string): string =>
  `CREATE TABLE IF NOT EXISTS \`${database}\`.schema_version (version UInt16 COMMENT 'Version that was reached.', ` +
  `migrated_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When.') ENGINE = MergeTree ORDER BY version`

/** Applies what is missing. Throws when the database was written by a newer version than this one. */
export async function migrate(store: Store, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  await store.ddl(versionTable(store.database))
  const [row] = await store.query<{ version: number }>(`SELECT max(version) AS version FROM \`${store.database}\`.schema_version`)
  const reached = row?.version ?? 0
  const newest = migrations.at(-1)!.version
  if (reached > newest)
    throw new Error(`the record has schema ${reached}, this version of Sallyport knows ${newest}: use the newer version again`)
  for (const migration of migrations.filter(({ version }) => version > reached)) await apply(store, migration)
}

async function apply(store: Store, { version, statements }: Migration): Promise<void> {
  for (const statement of statements(store.database)) await store.ddl(statement)
  await store.ddl(`INSERT INTO \`${store.database}\`.schema_version (version) SETTINGS async_insert = 0 VALUES (${version})`)
}
