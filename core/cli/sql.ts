// `sallyport sql`: a read-only question to the record.
import type { Command } from 'commander'
import { printQuery, type QueryOptions } from './print-query.ts'

const SUMMARY = 'query the record with one read-only SELECT'
const TABLES =
  'Tables: requests, decisions, findings, attempts, admin_events, ingest. Their columns: docs/data-dictionary.md; questions to begin with: docs/analysis.md.'

export function registerSql(program: Command): void {
  program
    .command('sql')
    .summary(SUMMARY)
    .description(`${SUMMARY}\n\n${TABLES}`)
    .argument('<query>', 'e.g. "SELECT tenant, count() FROM requests GROUP BY tenant"')
    .option('--json', 'one JSON object per row; 64-bit integers and decimals are strings')
    .option('--config <file>', 'the configuration whose record is asked')
    .action((query: string, options: QueryOptions, command: Command) => printQuery(command, query, options))
}
