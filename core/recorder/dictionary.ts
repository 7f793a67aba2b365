// Writes docs/data-dictionary.md from the schema: `node core/recorder/dictionary.ts > docs/data-dictionary.md`. A test ties the two.
import { TABLES, type Table } from './schema.ts'

const INTRODUCTION = `# Data dictionary

The tables of the record in ClickHouse (database \`sallyport\`), written by \`node core/recorder/dictionary.ts\`; change
\`core/recorder/schema.ts\`, not this page. Every table is \`PARTITION BY toYYYYMM(ts) ORDER BY (tenant, ts)\`. Money is in the base
currency, null where it is unknown. Times are UTC with milliseconds.
`

const section = ({ name, comment, columns, bloom }: Table): string => {
  const rows = columns.map((column) => `| \`${column.name}\` | \`${column.type}\` | ${column.comment} |`)
  const filters = bloom.length === 0 ? '' : `\nBloom filters: ${bloom.map((target) => `\`${target}\``).join(', ')}.\n`
  return `## ${name}\n\n${comment}\n\n| column | type | meaning |\n|---|---|---|\n${rows.join('\n')}\n${filters}`
}

/** The whole page. */
export const dataDictionary = (): string => [INTRODUCTION, ...TABLES.map(section)].join('\n')

if (import.meta.main) process.stdout.write(dataDictionary())
