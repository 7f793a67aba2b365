import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LINE_COLUMNS } from '../../core/record/columns.ts'
import { exchangeLines } from '../../core/record/lines.ts'
import { openChdb } from '../../core/recorder/chdb.ts'
import { openClickHouse } from '../../core/recorder/clickhouse.ts'
import { migrate } from '../../core/recorder/migrate.ts'
import { readLines } from '../../core/recorder/read.ts'
import { RejectedRows, StoreError, type InsertBatch, type Store } from '../../core/recorder/store.ts'
import { exchange } from '../unit/record/rows.ts'
import { startShim, type Shim } from './clickhouse-shim.ts'

interface Driver {
  readonly name: string
  start(): Promise<Store>
  stop(): Promise<void>
}

function embedded(): Driver {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
  return {
    name: 'chdb',
    start: () => openChdb({ path, database: 'contract' }),
    stop: async () => rmSync(path, { recursive: true, force: true }),
  }
}

let shim: Shim | null = null

/** `SALLYPORT_TEST_CLICKHOUSE_URL` names a real server; without it the real client talks to the real engine through our HTTP shim. */
function server(): Driver {
  const url = process.env['SALLYPORT_TEST_CLICKHOUSE_URL']
  return {
    name: `@clickhouse/client against ${url === undefined ? 'the HTTP shim (no server here)' : 'a server'}`,
    start: async () => {
      if (url === undefined) shim = await startShim()
      return openClickHouse({ url: url ?? shim!.url, database: `contract_${process.pid}`, user: 'default', password: '' })
    },
    stop: async () => shim?.close(),
  }
}

let seq = 0
const batch = (ids: readonly string[], over = {}, token = `token-${ids.join()}`): InsertBatch => ({
  table: 'requests',
  columns: LINE_COLUMNS.requests,
  token,
  rows: Buffer.from(ids.map((id) => exchangeLines(exchange(id, over), { nodeId: 'node-a', segment: 's', seq: ++seq }).requests).join('')),
})

for (const driver of [embedded(), server()]) {
  describe(`the store: ${driver.name}`, () => {
    let store: Store
    before(async () => {
      store = await driver.start()
      await migrate(store)
    })
    after(async () => {
      await store.ddl(`DROP DATABASE ${store.database}`)
      await store.close()
      await driver.stop()
    })

    const idsLike = async (prefix: string): Promise<string[]> => {
      const rows = await store.query<{ request_id: string }>(
        `SELECT request_id FROM ${store.database}.requests WHERE startsWith(request_id, '${prefix}') ORDER BY request_id`,
      )
      return rows.map((row) => row.request_id)
    }

    it('answers a ping', () => store.ping())

    it('stores all columns as they were', async () => {
      await store.insert(batch(['all']))
      const [row] = await store.query(
        `SELECT * EXCEPT (ingested_at, seq) REPLACE (toUnixTimestamp64Milli(ts) AS ts, toUnixTimestamp64Milli(ended_at) AS ended_at)
         FROM ${store.database}.requests WHERE request_id = 'all'`,
      )
      const sent = exchange('all').request
      assert.deepEqual(row, {
        ...sent,
        ts: String(sent.ts),
        ended_at: String(sent.ended_at),
        total_tokens: '42',
        reserved_tokens: '500',
        request_bytes: '120',
        response_bytes: '500',
        cost: '0.0000123',
        price: '0.000014',
        margin: '0.0000017',
        booked: Object.fromEntries(Object.entries(sent.booked).map(([key, amount]) => [key, String(amount)])),
        node_id: 'node-a',
        segment: 's',
        schema_version: 2,
      })
    })

    it('rejects bad rows whole, and says that the rows are at fault', async () => {
      const rows = Buffer.concat([batch(['half1']).rows, batch(['half2'], { cost: 'poison' }).rows])
      await assert.rejects(store.insert({ ...batch(['half']), rows }), RejectedRows)
      assert.deepEqual(await idsLike('half'), [])
    })

    it('drops a second insert with the same token', async () => {
      await store.insert(batch(['once'], {}, 'same'))
      await store.insert(batch(['once'], {}, 'same'))
      assert.deepEqual(await idsLike('once'), ['once'])
    })

    it('does not blame the rows for a table that is missing', async () => {
      await assert.rejects(
        store.insert({ ...batch(['x']), table: 'nowhere' }),
        (error) => error instanceof StoreError && !(error instanceof RejectedRows),
      )
    })

    it('is migrated twice without harm', () => migrate(store))

    it('answers guarded SQL by bare table names, and refuses the rest', async () => {
      const lines: string[] = []
      for await (const line of readLines(store, "SELECT count() AS n, toDecimal64('0.1', 9) AS d FROM requests WHERE request_id = 'all'"))
        lines.push(line)
      assert.deepEqual(
        lines.map((line) => JSON.parse(line) as unknown),
        [
          ['n', 'd'],
          ['1', '0.1'],
        ],
      )
      const attack = async (): Promise<void> => {
        for await (const _line of readLines(store, "SELECT file('/etc/hostname')"));
      }
      await assert.rejects(attack(), /reaches beyond/)
    })

    it('reports a syntax error with its number', async () => {
      await assert.rejects(store.query('SELEC 1'), (error) => error instanceof StoreError && error.code === 62)
    })
  })
}

describe('the store: a server that is away', () => {
  it('is a StoreError without a number, and works again when it is back', async () => {
    const down = await startShim()
    const store = await openClickHouse({ url: down.url, database: 'away', user: 'default', password: '' })
    try {
      down.down()
      await assert.rejects(store.ping(), (error) => error instanceof StoreError && error.code === null)
      down.up()
      await store.ping()
    } finally {
      await store.close()
      await down.close()
    }
  })
})
