// Ways around the guard: functions that are named and not called, parts of a query that the engine's tree does not show, other databases.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readLines } from '../../../core/recorder/read.ts'
import type { Store } from '../../../core/recorder/store.ts'
import { startEngine } from './support.ts'

describe('attacks on SQL', () => {
  const engine = startEngine()
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sql-'))
  const file = join(folder, 'secret')
  let store: Store
  before(async () => {
    writeFileSync(file, 'SECRET')
    store = await engine.fresh()
    await engine.fresh()
    await store.ddl('CREATE DATABASE hr')
    await store.ddl('CREATE TABLE hr.salaries (who String) ENGINE = MergeTree ORDER BY who')
    await store.ddl("INSERT INTO hr.salaries VALUES ('SECRET')")
  })
  after(async () => {
    await engine.close()
    rmSync(folder, { recursive: true })
  })

  async function ask(query: string): Promise<string> {
    let out = ''
    for await (const line of readLines(store, query)) out += `${line}\n`
    return out
  }

  const refused = /reaches beyond|does not belong to the record|APPLY is not supported|cannot read the query|parentheses/
  const path = `'${file}'`
  for (const attack of [
    // A function is passed by its name.
    `SELECT arrayMap(file, [${path}])`,
    `SELECT arrayMap(FILE, [${path}])`,
    `SELECT arrayMap(\`file\`, [${path}])`,
    `SELECT arrayMap("fi\\x6ce", [${path}])`,
    `WITH file AS f SELECT arrayMap(f, [${path}])`,
    `SELECT arrayFold((a, x) -> concat(a, file(x)), [${path}], '')`,
    // The tree does not show what APPLY applies.
    `SELECT * APPLY(file) FROM (SELECT ${path} AS a)`,
    `SELECT * APPLY file FROM (SELECT ${path} AS a)`,
    `SELECT COLUMNS('a') APPLY(x -> file(x)) FROM (SELECT ${path} AS a)`,
    `SELECT t.* APPLY(x -> (SELECT any(who) FROM hr.salaries)) FROM (SELECT 1 AS a) AS t`,
    'SELECT * APPLY(x -> x) FROM (SELECT 1 AS a)',
    `SELECT * REPLACE(file(a) AS a) FROM (SELECT ${path} AS a)`,
    // Places where expressions are easily forgotten.
    `SELECT count() OVER (ROWS BETWEEN length(file(${path})) PRECEDING AND CURRENT ROW)`,
    'SELECT count() OVER (ROWS BETWEEN (SELECT length(any(who)) FROM hr.salaries) PRECEDING AND CURRENT ROW)',
    `SELECT 1 AS a ORDER BY a WITH FILL FROM length(file(${path})) INTERPOLATE (a AS length(file(${path})))`,
    `SELECT 1 LIMIT length(file(${path}))`,
    `SELECT 1 LIMIT 1 BY file(${path})`,
    `SELECT 1 FROM requests SAMPLE length(file(${path}))`,
    `SELECT * FROM view(SELECT * FROM file(${path}, 'LineAsString'))`,
    `SELECT * FROM values('x String', (file(${path})))`,
    // Other databases.
    'SELECT * FROM hr.salaries',
    'SELECT * FROM `hr`.`salaries`',
    'SELECT * FROM "hr" /* . */ . "salaries"',
    "SELECT 'SECRET' IN hr.salaries",
    "SELECT 'SECRET' IN (hr.salaries)",
    "SELECT in('SECRET', hr.salaries)",
    'WITH x AS (SELECT * FROM hr.salaries) SELECT * FROM x',
    'SELECT * FROM requests AS r, hr.salaries AS s',
    'SELECT request_id FROM t1.requests',
    "SELECT joinGet('hr.salaries', 'who', 'SECRET')",
    "SELECT dictGet('hr.d', 'who', 1)",
    "SELECT dictGetOrNull('hr.d', 'who', 1)",
    "SELECT arrayMap(x -> dictHas('hr.d', x), [1])",
    'SELECT * FROM loop(hr, salaries)',
    'SELECT * FROM mergeTreeIndex(hr, salaries)',
    "SELECT * FROM urlCluster('a', 'http://127.0.0.1:1/')",
    'SELECT * FROM remote(`127.0.0.1`, hr.salaries)',
  ]) {
    it(`refuses ${attack.replace(file, '…')}`, () => assert.rejects(ask(attack), refused))
  }

  for (const [query, expected] of [
    ['SELECT number AS file FROM numbers(1)', '["file"]\n["0"]\n'],
    ['SELECT t.file FROM (SELECT 1 AS file) AS t', '["file"]\n[1]\n'],
    ['SELECT sum(prompt_tokens) AS input FROM requests', '["input"]\n["0"]\n'],
    [`SELECT 'hr.salaries, file(x)' AS text`, '["text"]\n["hr.salaries, file(x)"]\n'],
    ['SELECT t0.requests.tenant FROM t0.requests', '["tenant"]\n'],
    ["SELECT count() > 0 AS yes FROM system.columns WHERE table = 'requests'", '["yes"]\n[1]\n'],
  ] as const) {
    it(`takes what only looks like one: ${query}`, async () => assert.equal(await ask(query), expected))
  }

  it('survives queries that are far too big or too deep', async () => {
    const monsters = [
      `SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`,
      `SELECT ${'1+'.repeat(50_000)}1`,
      `SELECT '${'a'.repeat(900_000)}'`,
      `SELECT ${"''".repeat(300_000)}`,
      `SELECT * FROM ${'(SELECT * FROM '.repeat(500)}requests${')'.repeat(500)}`,
      `WITH 1 AS a0, ${Array.from({ length: 40 }, (_, i) => `(a${i}, a${i}) AS a${i + 1}`).join(', ')} SELECT a40`,
      `SELECT arrayFold((a, x) -> concat(a, a), range(60), 'a')`,
    ]
    for (const query of monsters) await assert.rejects(ask(query), Error, query.slice(0, 40))
    assert.equal(await ask('SELECT 1 AS a'), '["a"]\n[1]\n')
  })
})
