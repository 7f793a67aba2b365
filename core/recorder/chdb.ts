// ClickHouse inside the recorder's process (chdb). Writer and reader are separate sessions; every setting stands in its statement,
// never in a session. Not `chdb/connection`: there a setting of one query stays for all that follow.
import { mkdirSync } from 'node:fs'
import { Session, type ChdbResult } from 'chdb'
import { asStoreError, checkedDatabase, INSERT_SETTINGS, type InsertBatch, type Store } from './store.ts'

const READ_SETTINGS = 'output_format_json_quote_64bit_integers = 1, output_format_json_quote_decimals = 1'

/** Few threads and small caches: the engine shares a machine with the gateway, and its tables are read rarely. */
const ENGINE_ARGUMENTS = [
  '--background_pool_size=2',
  '--background_schedule_pool_size=2',
  '--background_common_pool_size=1',
  '--background_fetches_pool_size=1',
  '--background_move_pool_size=1',
  '--mark_cache_size=16777216',
  '--uncompressed_cache_size=0',
] as const

/** Opens (or creates) the embedded engine in `path`. One process at a time may have it open. */
export async function openChdb(options: { readonly path: string; readonly database?: string }): Promise<Store> {
  const database = checkedDatabase(options.database ?? 'sallyport')
  mkdirSync(options.path, { recursive: true, mode: 0o700 })
  const store = new ChdbStore(options.path, database)
  try {
    await store.create()
  } catch (error) {
    await store.close()
    throw error
  }
  return store
}

class ChdbStore implements Store {
  readonly database: string
  readonly #path: string
  readonly #writer: Session
  readonly #reader: Session

  constructor(path: string, database: string) {
    this.#path = path
    this.database = database
    this.#writer = open(path)
    this.#reader = open(path)
  }

  /** The database, and its tables as what the reader means by a bare name. */
  async create(): Promise<void> {
    await this.ddl(`CREATE DATABASE IF NOT EXISTS \`${this.database}\``)
    await run(this.#reader, `USE \`${this.database}\``, 'JSONCompactEachRow')
  }

  async ping(): Promise<void> {
    await run(this.#reader, 'SELECT 1', 'JSONCompactEachRow')
  }

  async ddl(statement: string): Promise<void> {
    await run(this.#writer, statement, 'JSONCompactEachRow')
  }

  async insert({ table, columns, rows, token }: InsertBatch): Promise<void> {
    try {
      await this.#writer.insert({
        table: `${this.database}.${table}`,
        values: rows,
        format: 'JSONCompactEachRow',
        columns,
        settings: { ...INSERT_SETTINGS, insert_deduplication_token: token },
      })
    } catch (error) {
      throw asStoreError(error)
    }
  }

  async query<Row>(statement: string): Promise<Row[]> {
    const result = await run(this.#reader, `${statement}\nSETTINGS ${READ_SETTINGS}`, 'JSONEachRow')
    return result
      .text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row)
  }

  /** A session of its own per stream: a session carries one stream at a time, and opening one costs a fraction of a millisecond. */
  async *stream(statement: string): AsyncIterable<string> {
    const session = open(this.#path)
    let isFirst = true
    try {
      await session.queryAsync(`USE \`${this.database}\``)
      for await (const chunk of session.queryStream(statement, { format: 'JSONCompactEachRowWithNames' })) {
        const text = chunk.text()
        // Every chunk is a document of its own and repeats the names.
        yield isFirst ? text : text.slice(text.indexOf('\n') + 1)
        isFirst = false
      }
    } catch (error) {
      throw asStoreError(error)
    } finally {
      session.close()
    }
  }

  async close(): Promise<void> {
    this.#reader.close()
    this.#writer.close()
  }
}

const open = (path: string): Session => new Session(path, { connectionArgs: ENGINE_ARGUMENTS })

async function run(session: Session, statement: string, format: string): Promise<ChdbResult> {
  try {
    return await session.queryAsync(statement, { format })
  } catch (error) {
    throw asStoreError(error)
  }
}
