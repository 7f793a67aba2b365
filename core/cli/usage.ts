// `sallyport usage`: tokens and money by what the reader wants to compare.
import { Option, type Command } from 'commander'
import { printQuery, type QueryOptions } from './print-query.ts'
import { DIMENSIONS, parseBy, parseSince, usageQuery, type Dimension } from './usage-query.ts'

interface UsageOptions extends QueryOptions {
  readonly by: Dimension[]
  readonly since: number
}

export function registerUsage(program: Command): void {
  program
    .command('usage')
    .description('tokens, cost, price and margin from the record')
    .option('--by <list>', `of ${Object.keys(DIMENSIONS).join(', ')}; a day is the tenant's`, parseBy, parseBy('tenant'))
    .addOption(
      new Option('--since <duration>', 'how far to look back, e.g. 12h or 30d').argParser(parseSince).default(parseSince('7d'), '7d'),
    )
    .option('--json', 'one JSON object per row; 64-bit integers and decimals are strings')
    .option('--config <file>', 'the configuration whose record is asked')
    .action((options: UsageOptions, command: Command) => printQuery(command, usageQuery(options.by, options.since), options))
}
