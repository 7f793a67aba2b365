// ClickHouse as a server, through its official client. The same statements and settings as the embedded engine.
import { Readable } from 'node:stream'
import { ClickHouseLogLevel, createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client'
import { asStoreError, checkedDatabase, INSERT_SETTINGS, StoreError, type InsertBatch, type Store } from './store.ts'

export interface ServerOptions {
  readonly url: string
  readonly database: string
  readonly user: string
  readonly password: string
}

const READ_SETTINGS = { output_format_json_quote_64bit_integers: 1, output_format_json_quote_decimals: 1 } as const
/** The client wants most numbers of settings as text. */
const WRITE_SETTINGS = Object.fromEntries(Object.entries(INSERT_SETTINGS).map(([name, value]) => [name, String(value)]))
const REQUEST_TIMEOUT_MS = 60_000

/** Connects to a server and creates the database if it may. Rejects with `StoreError` while the server cannot be reached. */
export async function openClickHouse(options: ServerOptions): Promise<Store> {
  const store = new ServerStore(options, checkedDatabase(options.database))
  try {
    await store.ddl(`CREATE DATABASE IF NOT EXISTS \`${store.database}\``)
  } catch (error) {
    await store.close()
    throw isAnswer(error) ? error : unreachable(options.url, error)
  }
  return store
}

const isAnswer = (error: unknown): boolean => error instanceof StoreError && error.code !== null

/** No credentials in the URL reach a log. */
function unreachable(url: string, error: unknown): StoreError {
  const { protocol, host } = new URL(url)
  const why = error instanceof Error ? error.message : String(error)
  return new StoreError(
    `ClickHouse at ${protocol}//${host} cannot be used (${why}); start it, or correct record.clickhouse.url`,
    null,
    error,
  )
}

class ServerStore implements Store {
  readonly database: string
  /** Without a database of its own: it creates it. */
  readonly #writer: ClickHouseClient
  readonly #reader: ClickHouseClient

  constructor({ url, user: username, password }: ServerOptions, database: string) {
    this.database = database
    const shared = { url, username, password, request_timeout: REQUEST_TIMEOUT_MS, log: { level: ClickHouseLogLevel.OFF } }
    this.#writer = createClient({ ...shared, max_open_connections: 2 })
    this.#reader = createClient({ ...shared, max_open_connections: 4, database })
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1')
  }

  async ddl(statement: string): Promise<void> {
    await guarded(() => this.#writer.command({ query: statement }))
  }

  async insert({ table, columns, rows, token }: InsertBatch): Promise<void> {
    const names = columns.map((name) => `\`${name}\``).join(', ')
    await guarded(async () => {
      const { stream } = await this.#writer.exec({
        query: `INSERT INTO \`${this.database}\`.\`${table}\` (${names}) FORMAT JSONCompactEachRow`,
        values: Readable.from([rows], { objectMode: false }),
        clickhouse_settings: { ...WRITE_SETTINGS, insert_deduplication_token: token } as ClickHouseSettings,
      })
      for await (const _rest of stream);
    })
  }

  query<Row>(statement: string): Promise<Row[]> {
    return guarded(async () => {
      const result = await this.#reader.query({ query: statement, format: 'JSONEachRow', clickhouse_settings: READ_SETTINGS })
      return result.json<Row>()
    })
  }

  /** The server holds the first part of an answer back until it is whole (`wait_end_of_query`), so an error is never mixed into rows. */
  async *stream(statement: string): AsyncIterable<string> {
    const abort = new AbortController()
    try {
      const clickhouse_settings = { wait_end_of_query: 1 } as const
      const query = `${statement}\nFORMAT JSONCompactEachRowWithNames`
      const { stream } = await this.#reader.exec({ query, abort_signal: abort.signal, clickhouse_settings })
      stream.setEncoding('utf8')
      for await (const chunk of stream) yield chunk as string
    } catch (error) {
      throw asStoreError(error)
    } finally {
      abort.abort()
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer.close(), this.#reader.close()])
  }
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asStoreError(error)
  }
}
