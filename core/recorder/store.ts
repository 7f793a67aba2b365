// The port to ClickHouse: what the recorder asks of an engine, server or embedded. Two drivers keep it (`clickhouse.ts`, `chdb.ts`),
// one contract suite runs against both.

/** Rows of one table, as lines of JSON arrays in the order of `columns`. */
export interface InsertBatch {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: Buffer
  /** ClickHouse drops a second insert with the same token; the second line behind counting. */
  readonly token: string
}

export interface Store {
  /** Name of the database that holds the tables. */
  readonly database: string
  ping(): Promise<void>
  /** Runs one statement that changes the schema. */
  ddl(statement: string): Promise<void>
  /** All rows or none. Throws `RejectedRows` when the data is at fault, `StoreError` otherwise: then nobody knows whether they arrived. */
  insert(batch: InsertBatch): Promise<void>
  /** A statement of our own; whole result as objects, 64-bit integers and decimals as strings. */
  query<Row>(statement: string): Promise<Row[]>
  /** A result as text, as it comes: a line with the names of the columns, then a JSON array per row. Ending the iteration early ends the query. */
  stream(statement: string): AsyncIterable<string>
  close(): Promise<void>
}

/** ClickHouse said no, or could not be reached. `code` is ClickHouse's number, or null. */
export class StoreError extends Error {
  readonly code: number | null

  constructor(message: string, code: number | null, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreError'
    this.code = code
  }
}

/** The rows themselves are unacceptable: sending them again cannot help. */
export class RejectedRows extends StoreError {}

/**
 * ClickHouse's numbers for data that does not fit its column (src/Common/ErrorCodes.cpp): cannot parse …, type mismatch, out of bound,
 * incorrect data, null in a plain column, decimal overflow, violated constraint. Everything else may pass with time.
 */
const DATA_CODES = new Set([6, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 321, 349, 376, 407, 467, 469, 675, 676])

/** Turns an error of a driver into ours. */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error, message)
  return code !== null && DATA_CODES.has(code) ? new RejectedRows(message, code, error) : new StoreError(message, code, error)
}

function codeOf(error: unknown, message: string): number | null {
  const named = /^Code: (\d+)\./.exec(message)?.[1] ?? (error as { code?: unknown } | null)?.code
  const code = Number(named)
  return Number.isInteger(code) && code > 0 ? code : null
}

/** Settings of every insert: one block, one part, so that it is whole or absent; no asynchronous queue in between. */
export const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 1,
  input_format_parallel_parsing: 0,
  max_insert_threads: 1,
  max_threads: 1,
  max_insert_block_size: 4_194_304,
  min_insert_block_size_rows: 4_194_304,
  min_insert_block_size_bytes: 1_073_741_824,
  input_format_null_as_default: 1,
} as const

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Database names go into statements, so only plain identifiers pass. */
export function checkedDatabase(name: string): string {
  if (IDENTIFIER.test(name)) return name
  throw new Error(`record.clickhouse.database: ${JSON.stringify(name)} is not a plain name (letters, digits and _)`)
}
