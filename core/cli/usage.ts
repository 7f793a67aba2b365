// `sallyport usage`: tokens and money by what the reader wants to compare.
import type { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { runSql } from '../recorder/sql.ts'
import { printRows, stdout } from './output.ts'
import { recordOptions } from './record-options.ts'
import { DIMENSIONS, parseBy, parseSince, usageQuery, type Dimension } from './usage-query.ts'

interface UsageOptions {
  readonly by: Dimension[]
  readonly since: number
  readonly json?: boolean
  readonly config?: string
}

export function registerUsage(program: Command): void {
  program
    .command('usage')
    .description('tokens, cost, price and margin from the record')
    .option('--by <list>', `of ${Object.keys(DIMENSIONS).join(', ')}`, parseBy, parseBy('tenant'))
    .option('--since <duration>', 'how far to look back, e.g. 7d', parseSince, parseSince('7d'))
    .option('--json', 'one JSON object per row; 64-bit integers and decimals are strings')
    .option('--config <file>', 'the configuration whose record is asked')
    .action(async ({ by, since, json, config }: UsageOptions) => {
      const { columns, rows } = await runSql(recordOptions(await loadConfig(config)), usageQuery(by, since))
      await printRows(stdout, columns, rows, json === true)
    })
}
