// ClickHouse's HTTP interface in front of the embedded engine, as much of it as the official client uses here. The engine and the
// client are the real ones; only the server between them is ours, for machines on which no ClickHouse server can run.
import http from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Session } from 'chdb'

export interface Shim {
  readonly url: string
  /** Answers nothing any more, as a server that is down. */
  down(): void
  up(): void
  close(): Promise<void>
}

export async function startShim(): Promise<Shim> {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-shim-'))
  const keeper = new Session(path)
  let isDown = false
  const server = http.createServer((request, response) => {
    if (isDown) return void request.socket.destroy()
    answer(path, request, response).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error)
      response.writeHead(500, { 'X-ClickHouse-Exception-Code': /^Code: (\d+)/.exec(text)?.[1] ?? '1002' }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    down: () => void (isDown = true),
    up: () => void (isDown = false),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      keeper.close()
      rmSync(path, { recursive: true, force: true })
    },
  }
}

const INSERT = /^INSERT INTO (\S+) \((.*)\) FORMAT JSONCompactEachRow$/s
/** Parameters of the interface itself; all others are settings. */
const PLAIN = new Set([
  'query',
  'query_id',
  'database',
  'session_id',
  'wait_end_of_query',
  'default_format',
  'enable_http_compression',
  'role',
])

async function answer(path: string, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const url = new URL(request.url!, 'http://shim')
  const settings = Object.fromEntries([...url.searchParams].filter(([name]) => !PLAIN.has(name)))
  const session = new Session(path)
  try {
    const database = url.searchParams.get('database')
    if (database !== null && database !== 'default') await session.queryAsync(`USE \`${database}\``)
    const query = url.searchParams.get('query')
    response.end(query === null ? await select(session, body.toString('utf8'), settings) : await insert(session, query, body, settings))
  } finally {
    session.close()
  }
}

async function insert(session: Session, query: string, values: Buffer, settings: Record<string, string>): Promise<string> {
  const [, table, columns] = INSERT.exec(query)!
  const plain = (text: string): string => text.replaceAll('`', '').trim()
  await session.insert({ table: plain(table!), columns: columns!.split(',').map(plain), values, format: 'JSONCompactEachRow', settings })
  return ''
}

async function select(session: Session, text: string, settings: Record<string, string>): Promise<Buffer> {
  const [, statement, format] = /^(.*?)(?:\s+FORMAT (\w+))?\s*$/s.exec(text)!
  const extra = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`)
  const isRead = /^(?:SELECT|WITH)/i.test(statement!) && !/\)\s*SETTINGS [^()]*$/.test(statement!) && extra.length > 0
  const result = await session.queryAsync(isRead ? `${statement} SETTINGS ${extra.join(', ')}` : statement!, {
    format: format ?? 'TabSeparated',
  })
  return Buffer.from(result.bytes())
}
