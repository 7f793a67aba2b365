// What a reader of the record may ask. The text is reduced to tokens (so that the engine sees no comment and no second statement), the
// engine parses it, and the tree it reports is searched for what reaches beyond the record. What we cannot read, we refuse.
import type { Store } from './store.ts'

/** A query that is not run, with a reason for the person who wrote it. */
export class RefusedQuery extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'RefusedQuery'
  }
}

/** What one query may take of the recorder. `seconds` may be a fraction. */
export interface QueryLimits {
  readonly seconds: number
  readonly memoryBytes: number
  readonly rows: number
  readonly threads: number
}

export const SQL_LIMITS: QueryLimits = { seconds: 30, memoryBytes: 256 * 1024 * 1024, rows: 1_000_000, threads: 2 }

const settings = ({ seconds, memoryBytes, rows, threads }: QueryLimits): string =>
  [
    'readonly = 1',
    `max_execution_time = ${seconds}`,
    "timeout_overflow_mode = 'throw'",
    `max_memory_usage = ${memoryBytes}`,
    `max_result_rows = ${rows}`,
    "result_overflow_mode = 'throw'",
    `max_threads = ${threads}`,
    'output_format_json_quote_64bit_integers = 1',
    'output_format_json_quote_decimals = 1',
    'output_format_json_quote_denormals = 1',
  ].join(', ')

/** Checks a query and gives the statement to run: the query as a subquery under limits. Throws `RefusedQuery`, or the engine's syntax error. */
export async function guard(store: Store, text: string, limits: QueryLimits): Promise<string> {
  const tokens = singleStatement(text)
  const query = tokens.join('').trim()
  const around = { ...(await functions(store)), ...(await databases(store)) }
  inspectWords(tokens, around)
  inspect(await syntaxTree(store, query), around)
  return `SELECT * FROM (\n${query}\n) SETTINGS ${settings(limits)}`
}

/** The engine's own reading of the query, one node per line. It parses and does not run it. */
async function syntaxTree(store: Store, query: string): Promise<string[]> {
  try {
    const tree = await store.query<{ explain: string }>(`SELECT * FROM (EXPLAIN AST ${query}\n)`)
    return tree.map((row) => row.explain)
  } catch (error) {
    if (error instanceof Error && error.message.includes('output options')) {
      throw new RefusedQuery('FORMAT and INTO OUTFILE are fixed here: take them out of the query')
    }
    throw error
  }
}

const TOKEN = /\s+|--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'|"[^"\\]*"|`[^`\\]*`|[A-Za-z0-9_]+|[-+*/%=<>!.,()[\]{}:?|&^~@]|;/y

/** The query without comments and a closing semicolon. Refuses all that our reading and the engine's might take differently. */
function singleStatement(text: string): readonly string[] {
  const tokens = tokenise(text)
  while (tokens.at(-1) === ' ' || tokens.at(-1) === ';') tokens.pop()
  if (tokens.includes(';')) throw new RefusedQuery('one statement only: there is a ; in the middle of the query')
  if (!/^(?:select|with|\()/i.test(tokens.join('').trim()))
    throw new RefusedQuery(
      "only SELECT reads the record: the query must begin with SELECT or WITH; the columns of a table: SELECT name, type, comment FROM system.columns WHERE table = 'requests'",
    )
  if (!isBalanced(tokens)) throw new RefusedQuery('the parentheses of the query do not match')
  return tokens
}

/** Nothing may close the parenthesis that we put around the query. */
function isBalanced(tokens: readonly string[]): boolean {
  let depth = 0
  for (const token of tokens) {
    if (token === '(') depth++
    if (token === ')' && --depth < 0) return false
  }
  return depth === 0
}

function tokenise(text: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const token = TOKEN.exec(text)?.[0]
    if (token === undefined) throw new RefusedQuery(`cannot read the query at ${JSON.stringify(text.slice(at, at + 20))}`)
    tokens.push(/^(?:\s|--|\/\*)/.test(token) ? ' ' : token)
  }
  return tokens
}

/** Table functions that compute from nothing; every other one reaches for files, hosts, processes or other tables. */
const HARMLESS_TABLES = new Set([
  'numbers',
  'numbers_mt',
  'zeros',
  'zeros_mt',
  'generateseries',
  'generate_series',
  'values',
  'view',
  'null',
])
/** Ordinary functions that read files, call hosts, run programs or tell about the process. */
const FORBIDDEN_FUNCTIONS = new Set([
  'file',
  'eval',
  'hascolumnintable',
  'joinget',
  'joingetornull',
  'getserversetting',
  'getmacro',
  'catboostevaluate',
  'getclienthttpheader',
  'addresstoline',
  'addresstosymbol',
  'addresstolinewithinlines',
  'tid',
  'logtrace',
  'sleep',
  'sleepeachrow',
  'showcertificate',
  'input',
])
/** Those that ask models, and those that read dictionaries of the server. */
const FORBIDDEN_FAMILIES = /^(?:ai|dict(?:get|has|isin))/
/** What of the databases of the engine may be read. */
const OPEN_SYSTEM_TABLES = new Set(['system.one', 'system.numbers', 'system.numbers_mt', 'system.zeros', 'system.columns'])
const NODE =
  /^\s*(Function|TableIdentifier|Identifier|Asterisk|QualifiedAsterisk|Set|Explain\w*|\w+)(?: (.*?))?(?: \(alias .*\))?(?: \(children \d+\))?$/

/** What of the engine a query is held against. All names in lower case. */
interface Surroundings {
  readonly tableFunctions: ReadonlySet<string>
  /** Ordinary functions that may not be named at all: they can be passed to others without being called. */
  readonly barred: ReadonlySet<string>
  readonly own: string
  readonly foreign: ReadonlySet<string>
}

async function functions(store: Store): Promise<Pick<Surroundings, 'tableFunctions' | 'barred'>> {
  const known = KNOWN.get(store)
  if (known !== undefined) return known
  const names = async (table: string): Promise<string[]> =>
    (await store.query<{ name: string }>(`SELECT lower(name) AS name FROM system.${table}`)).map(({ name }) => name)
  const ordinary = new Set(await names('functions'))
  const found = {
    tableFunctions: new Set((await names('table_functions')).filter((name) => !ordinary.has(name))),
    barred: new Set([...ordinary].filter((name) => FORBIDDEN_FUNCTIONS.has(name) || FORBIDDEN_FAMILIES.test(name))),
  }
  KNOWN.set(store, found)
  return found
}

const KNOWN = new WeakMap<Store, Pick<Surroundings, 'tableFunctions' | 'barred'>>()

/** A server may hold other databases that our user may read: they are asked for each time, since they come and go. */
async function databases(store: Store): Promise<Pick<Surroundings, 'own' | 'foreign'>> {
  const own = store.database.toLowerCase()
  const rows = await store.query<{ name: string }>('SELECT lower(name) AS name FROM system.databases')
  return { own, foreign: new Set(rows.map(({ name }) => name).filter((name) => name !== own)) }
}

/**
 * The tree does not show all of a query (the function of an APPLY, the bounds of a window), so what may be named nowhere is looked for
 * in the words too. A name behind a dot is a column, one behind AS is an alias.
 */
function inspectWords(tokens: readonly string[], { barred, tableFunctions, foreign }: Surroundings): void {
  const words = tokens.filter((token) => token !== ' ')
  for (const [index, word] of words.entries()) {
    const name = nameIn(word)
    const before = words[index - 1]?.toLowerCase()
    if (name === null || before === '.') continue
    const isCalled = words[index + 1] === '('
    if ((barred.has(name) && (isCalled || before !== 'as')) || (isCalled && tableFunctions.has(name) && !HARMLESS_TABLES.has(name))) {
      throw new RefusedQuery(`the function ${name}() reaches beyond the record and is refused`)
    }
    if (words[index + 1] === '.' && foreign.has(name)) checkDatabase(name, nameIn(words[index + 2] ?? ''))
  }
}

/** A word or a quoted name in lower case; null for all other tokens. */
function nameIn(token: string): string | null {
  if (/^\w/.test(token)) return token.toLowerCase()
  return /^["`]/.test(token) ? token.slice(1, -1).toLowerCase() : null
}

function checkDatabase(database: string, table: string | null): void {
  if (OPEN_SYSTEM_TABLES.has(`${database}.${table}`)) return
  throw new RefusedQuery(`${database}.${table ?? ''} does not belong to the record: its tables are ${RECORD_TABLES}`)
}

/** Every rule refuses on what stands in a line; no line can take another's refusal back, so names made to look like nodes gain nothing. */
function inspect(lines: readonly string[], around: Surroundings): void {
  if (!lines[0]?.startsWith('SelectWithUnionQuery')) throw new RefusedQuery('only SELECT reads the record')
  for (const [index, line] of lines.entries()) {
    const [, kind, rest = ''] = NODE.exec(line) ?? []
    const name = rest.split(' ')[0]!.toLowerCase()
    if (line.trim().startsWith('ColumnsApplyTransformer'))
      throw new RefusedQuery('APPLY is not supported here: write the function for each column')
    if (kind === 'Set') throw new RefusedQuery('SETTINGS are fixed here: take them out of the query')
    if (kind === 'Function') checkFunction(name, lines[index - 1]?.trim().startsWith('TableExpression') === true, around.tableFunctions)
    if (kind === 'TableIdentifier' || kind === 'Identifier') checkTable(rest.toLowerCase(), kind === 'TableIdentifier', around)
  }
}

function checkFunction(name: string, isTable: boolean, tableFunctionNames: ReadonlySet<string>): void {
  const isBarred = isTable
    ? !HARMLESS_TABLES.has(name)
    : FORBIDDEN_FUNCTIONS.has(name) || FORBIDDEN_FAMILIES.test(name) || (tableFunctionNames.has(name) && !HARMLESS_TABLES.has(name))
  if (isBarred) throw new RefusedQuery(`the function ${name}() reaches beyond the record and is refused`)
}

/** A table may be named bare or in our database. Of other names with a dot only those count that begin with a database: the rest are columns. */
function checkTable(name: string, isTable: boolean, { own, foreign }: Surroundings): void {
  const [first = '', second] = name.split('.')
  const isForeign = second !== undefined && (isTable ? first !== own : foreign.has(first)) && !OPEN_SYSTEM_TABLES.has(`${first}.${second}`)
  if (isForeign || (isTable && /[^\w.]/.test(name))) {
    throw new RefusedQuery(`${name} does not belong to the record: its tables are ${RECORD_TABLES}`)
  }
}

const RECORD_TABLES = 'requests, decisions, findings, attempts, admin_events and ingest'
