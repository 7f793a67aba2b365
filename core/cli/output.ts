// How command-line results look: an aligned table for people, tab-separated lines in a pipe, one JSON object per line for programs.
export interface Printer {
  write(text: string): void
  /** A person is looking. */
  readonly isTerminal: boolean
}

export const stdout: Printer = {
  write: (text) => void process.stdout.write(text),
  get isTerminal() {
    return process.stdout.isTTY === true
  },
}

/** Rows of a table on a terminal are held back for their widths, but no more than this many at a time. */
const PAGE_ROWS = 500

/** Prints rows as they arrive. With `json` every row is an object on a line of its own. */
export async function printRows(
  printer: Printer,
  columns: readonly string[],
  rows: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>,
  json: boolean,
): Promise<void> {
  if (!json && !printer.isTerminal) printer.write(columns.join('\t') + '\n')
  let page: string[][] = []
  let isFirst = true
  for await (const row of rows) {
    if (json) printer.write(JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index]]))) + '\n')
    else if (!printer.isTerminal) printer.write(row.map(plain).join('\t') + '\n')
    else if (page.push(row.map(plain)) >= PAGE_ROWS) {
      printer.write(table(columns, page, isFirst))
      page = []
      isFirst = false
    }
  }
  if (!json && printer.isTerminal && (isFirst || page.length > 0)) printer.write(table(columns, page, isFirst))
}

/** One cell as text; what could move the cursor or break the line is escaped, for the record holds what strangers sent. */
function plain(value: unknown): string {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  return text.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, escaped)
}

function escaped(char: string): string {
  const code = char.charCodeAt(0).toString(16)
  return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`
}

function table(columns: readonly string[], rows: readonly (readonly string[])[], withHead: boolean): string {
  const widths = columns.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)))
  const isNumber = columns.map((_, index) => rows.length > 0 && rows.every((row) => /^-?[\d.]*$/.test(row[index] ?? '')))
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (isNumber[index] ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd() + '\n'
  const head = withHead ? format(columns) + widths.map((width) => '─'.repeat(width)).join('  ') + '\n' : ''
  return head + rows.map(format).join('')
}
