// `sallyport sql`: a read-only question to the record.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { runSql } from '../recorder/sql.ts'
import { printRows, stdout } from './output.ts'
import { recordOptions } from './record-options.ts'

export function registerSql(program: Command): void {
  program
    .command('sql')
    .description('query the record with one read-only SELECT')
    .argument('<query>', 'e.g. "SELECT tenant, count() FROM requests GROUP BY tenant"')
    .option('--json', 'one JSON object per row; 64-bit integers and decimals are strings')
    .option('--config <file>', 'the configuration whose record is asked')
    .action(async (query: string, options: { json?: boolean; config?: string }) => {
      const { columns, rows } = await runSql(recordOptions(await loadConfig(options.config)), query)
      await printRows(stdout, columns, rows, options.json === true)
    })
}
