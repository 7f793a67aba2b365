// Runs one query for a command and prints it; what goes wrong is one sentence on stderr, never a stack.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { runSql } from '../recorder/sql.ts'
import { printRows, stdout } from './output.ts'
import { recordOptions } from './record-options.ts'

export interface QueryOptions {
  readonly json?: boolean
  readonly config?: string
}

/** Ends the process with 1 when the query is refused or fails. */
export async function printQuery(command: Command, query: string, { json, config }: QueryOptions): Promise<void> {
  const options = recordOptions(await loadConfig(config))
  try {
    const { columns, rows } = await runSql(options, query)
    await printRows(stdout, columns, rows, json === true)
  } catch (error) {
    command.error(`error: ${error instanceof Error ? error.message : String(error)}`, { exitCode: 1 })
  }
}
