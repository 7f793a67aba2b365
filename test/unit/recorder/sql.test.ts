import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { TABLES } from '../../../core/recorder/schema.ts'
import { dataDictionary } from '../../../core/recorder/dictionary.ts'
import { FRAME_TABLES, LINE_COLUMNS } from '../../../core/record/columns.ts'
import { migrate } from '../../../core/recorder/migrate.ts'
import { readLines } from '../../../core/recorder/read.ts'
import type { Store } from '../../../core/recorder/store.ts'
import { usageQuery } from '../../../core/cli/usage-query.ts'
import { startEngine } from './support.ts'

const engine = startEngine()
let store: Store

async function ask(query: string): Promise<unknown[]> {
  const lines: unknown[] = []
  for await (const line of readLines(store, query)) lines.push(JSON.parse(line))
  return lines
}

describe('SQL on the record', () => {
  before(async () => {
    store = await engine.fresh()
  })
  after(() => engine.close())

  for (const [query, expected] of [
    ['SELECT 1 AS a', [['a'], [1]]],
    ['  select count() as n from requests -- how many?\n;', [['n'], ['0']]],
    ['WITH t AS (SELECT 1 AS x) SELECT * FROM t /* nested */', [['x'], [1]]],
    [
      "SELECT ';--' AS text, 'it''s \\' ok' AS quote",
      [
        ['text', 'quote'],
        [';--', "it's ' ok"],
      ],
    ],
    [
      "SELECT toUInt64(18446744073709551615) AS big, toDecimal64('1.5', 9) AS money",
      [
        ['big', 'money'],
        ['18446744073709551615', '1.5'],
      ],
    ],
    ['SELECT request_id FROM requests WHERE 0', [['request_id']]],
    ['SELECT sum(number) AS s FROM numbers(10)', [['s'], ['45']]],
    ['SELECT r.tenant, count() AS n FROM requests r JOIN decisions d USING (request_id) GROUP BY r.tenant', [['tenant', 'n']]],
  ] as const) {
    it(`answers ${JSON.stringify(query)}`, async () => assert.deepEqual(await ask(query), expected))
  }

  it('streams a large result in order with the names once', async () => {
    const lines = await ask('SELECT number FROM numbers(200000)')
    assert.equal(lines.length, 200_001)
    assert.deepEqual([lines[0], lines[1], lines.at(-1)], [['number'], ['0'], ['199999']])
  })

  for (const [attack, reason] of [
    ['DROP TABLE requests', /only SELECT/],
    ['INSERT INTO requests VALUES (1)', /only SELECT/],
    ['ALTER TABLE requests DELETE WHERE 1', /only SELECT/],
    ['SET readonly = 0', /only SELECT/],
    ['SELECT 1; DROP TABLE requests', /one statement/],
    ["SELECT '' ; DROP TABLE requests --'", /one statement/],
    ['SELECT 1) SETTINGS readonly = 0 --', /parentheses/],
    ['SELECT 1) UNION ALL (SELECT 2', /parentheses/],
    ['SELECT 1 SETTINGS readonly = 0', /SETTINGS are fixed/],
    ['SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)', /SETTINGS are fixed/],
    ["SELECT 1 INTO OUTFILE '/tmp/sallyport-attack'", /INTO OUTFILE are fixed/],
    ['SELECT 1 FORMAT JSON', /FORMAT and INTO OUTFILE/],
    ["SELECT * FROM file('/proc/self/environ', 'LineAsString')", /file\(\) reaches beyond/],
    ["SELECT file('/etc/hostname')", /file\(\) reaches beyond/],
    ["SELECT FiLe('/etc/hostname')", /file\(\) reaches beyond/],
    ['SELECT "file"(\'/etc/hostname\')', /file\(\) reaches beyond/],
    ["SELECT /* ( */ `file` /**/ ('/etc/hostname')", /file\(\) reaches beyond/],
    ["SELECT 1 WHERE 'x' IN file('/etc/hostname', 'LineAsString')", /file\(\) reaches beyond/],
    ["WITH f AS (SELECT * FROM file('/etc/hostname', 'LineAsString')) SELECT * FROM f", /file\(\) reaches beyond/],
    ["SELECT * FROM url('http://127.0.0.1:1/', 'CSV')", /url\(\) reaches beyond/],
    ["SELECT * FROM remote('127.0.0.1', 'system.one')", /remote\(\) reaches beyond/],
    ["SELECT * FROM s3('http://127.0.0.1:1/x')", /s3\(\) reaches beyond/],
    ["SELECT * FROM executable('id', 'TSV', 'a String')", /executable\(\) reaches beyond/],
    ["SELECT * FROM merge('system', '.*')", /merge\(\) reaches beyond/],
    ["SELECT * FROM cluster('default', system.one)", /cluster\(\) reaches beyond/],
    ['SELECT * FROM (EXPLAIN SELECT 1)', /viewexplain\(\) reaches beyond/],
    ['SELECT * FROM default.`/etc/hostname`', /does not belong to the record/],
    ['SELECT * FROM `default` . `/etc/hostname`', /does not belong to the record/],
    ['SELECT * FROM system.processes', /does not belong to the record/],
    ['SELECT * FROM "system"."settings"', /does not belong to the record/],
    ["SELECT 1 WHERE 'x' IN system.processes", /does not belong to the record/],
    ['SELECT * FROM information_schema.tables', /does not belong to the record/],
    ['SELECT $$a$$', /cannot read the query/],
    ['SELECT ‘a’', /cannot read the query/],
    ["SELECT 'open", /cannot read the query/],
    ['SELECT sleep(3)', /sleep\(\) reaches beyond/],
  ] as const) {
    it(`refuses ${JSON.stringify(attack)}`, async () => {
      await assert.rejects(ask(attack), reason)
      assert.equal(existsSync('/tmp/sallyport-attack'), false)
    })
  }

  it('stops a query that runs too long, uses too much memory or returns too much', async () => {
    const limits = { seconds: 0.2, memoryBytes: 50_000_000, rows: 1000, threads: 1 }
    const drain = async (query: string): Promise<void> => {
      for await (const _line of readLines(store, query, limits));
    }
    await assert.rejects(drain('SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)'), /TIMEOUT_EXCEEDED/)
    await assert.rejects(drain('SELECT (SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number))'), /TIMEOUT_EXCEEDED/)
    await assert.rejects(drain('SELECT length(groupArray(number)) FROM numbers(100000000)'), /MEMORY_LIMIT_EXCEEDED/)
    await assert.rejects(drain('SELECT number FROM numbers(100000)'), /TOO_MANY_ROWS/)
  })

  it('says what is wrong with a query in the words of ClickHouse', async () => {
    await assert.rejects(ask('SELECT nope FROM requests'), /nope/)
    await assert.rejects(ask('SELECT FROM WHERE'), /Syntax error/)
  })

  it('runs the query of `usage` over every dimension', async () => {
    const [columns] = await ask(usageQuery(['tenant', 'user', 'model', 'session', 'feature', 'instance'], 3600))
    assert.deepEqual(columns, [
      'tenant',
      'user',
      'model',
      'session',
      'feature',
      'instance',
      'requests',
      'prompt_tokens',
      'completion_tokens',
      'total_tokens',
      'cost',
      'price',
      'margin',
    ])
  })
})

describe('the schema', () => {
  it('has a column for everything that a frame carries', () => {
    for (const name of FRAME_TABLES) {
      const columns = new Set(TABLES.find((table) => table.name === name)!.columns.map((column) => column.name))
      assert.deepEqual(
        LINE_COLUMNS[name].filter((column) => !columns.has(column)),
        [],
      )
      assert.deepEqual(
        [...columns].filter((column) => !LINE_COLUMNS[name].includes(column)),
        name === 'requests' ? ['ingested_at'] : [],
      )
    }
  })

  it('is what docs/data-dictionary.md says', () => {
    assert.equal(readFileSync(new URL('../../../docs/data-dictionary.md', import.meta.url), 'utf8'), dataDictionary())
  })

  it('comments every column', () => {
    for (const table of TABLES) for (const column of table.columns) assert.match(column.comment, /^\S.*\.$/, `${table.name}.${column.name}`)
  })

  it('gains the column `booked` when it was made by version 1, as a new one has it', async () => {
    const engine = startEngine()
    try {
      const store = await engine.fresh()
      const describe = (): Promise<unknown[]> =>
        store.query(
          `SELECT name, type, comment FROM system.columns WHERE database = '${store.database}' AND table = 'requests' ORDER BY position`,
        )
      const fresh = await describe()
      await store.ddl(`ALTER TABLE ${store.database}.requests DROP COLUMN booked`)
      await store.ddl(`TRUNCATE TABLE ${store.database}.schema_version`)
      await store.ddl(`INSERT INTO ${store.database}.schema_version (version) SETTINGS async_insert = 0 VALUES (1)`)
      await migrate(store)
      assert.deepEqual(await describe(), fresh)
    } finally {
      await engine.close()
    }
  })

  it('is created once, migrated step by step, and refused when it is newer than we are', async () => {
    const engine = startEngine()
    try {
      const store = await engine.fresh()
      const steps: number[] = []
      const step = (version: number): { version: number; statements: () => string[] } => ({
        version,
        statements: () => (steps.push(version), []),
      })
      await migrate(store, [step(1), step(2), step(3), step(4)])
      await migrate(store, [step(1), step(2), step(3), step(4)])
      assert.deepEqual(steps, [3, 4])
      await assert.rejects(migrate(store, [step(1), step(2)]), /use the newer version again/)
    } finally {
      await engine.close()
    }
  })
})
