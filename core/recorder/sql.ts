// Asks the record from the outside: through the recorder that has the data open, else by opening the data itself for this one query.
import { claim, isOwned } from '../record/claim.ts'
import { mkdirSync } from 'node:fs'
import { migrate } from './migrate.ts'
import { lockPath, openStore, type RecorderOptions } from './options.ts'
import { readLines } from './read.ts'
import { ask } from './socket.ts'

export interface SqlResult {
  readonly columns: readonly string[]
  /** Rows as they arrive; 64-bit integers and decimals are strings. */
  readonly rows: AsyncIterable<readonly unknown[]>
}

/** Runs one read-only query. Rejects with a message for the person who asked. */
export async function runSql(options: RecorderOptions, query: string): Promise<SqlResult> {
  const lines = linesOf(options, query)
  const first = await lines.next()
  if (first.done === true) throw new Error('the record gave no answer')
  return { columns: JSON.parse(first.value) as string[], rows: parsed(lines) }
}

async function* parsed(lines: AsyncGenerator<string>): AsyncGenerator<readonly unknown[]> {
  for await (const line of lines) yield JSON.parse(line) as unknown[]
}

function linesOf(options: RecorderOptions, query: string): AsyncGenerator<string> {
  return isOwned(lockPath(options)) ? ask(options.spool, { op: 'sql', query }) : alone(options, query)
}

/** Nobody has the data open: take the recorder's lock, so that none starts in the middle. */
async function* alone(options: RecorderOptions, query: string): AsyncGenerator<string> {
  mkdirSync(options.spool, { recursive: true, mode: 0o700 })
  const lock = claim(lockPath(options), `sql ${process.pid}`)
  if (lock === null) throw new Error('a recorder has just started on this data; try again')
  try {
    const store = await openStore(options)
    try {
      await migrate(store)
      yield* readLines(store, query)
    } finally {
      await store.close()
    }
  } finally {
    lock.release()
  }
}
