import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listNodes } from '../../../core/record/node.ts'
import { listSegments } from '../../../core/record/segment.ts'
import { openSpool, type Spool } from '../../../core/record/spool.ts'
import { NodeFollower } from '../../../core/recorder/follow.ts'
import { ShippingLoop } from '../../../core/recorder/loop.ts'
import { StoreError, type Store } from '../../../core/recorder/store.ts'
import { adminEvent, exchange, TS } from '../record/rows.ts'
import { toVersion1 } from '../record/version1.ts'
import { counts, flakyStore, startEngine } from './support.ts'

const engine = startEngine()
let path: string
let store: Store

/** A gateway that is over: what it wrote is sealed. */
async function wrote(work: (spool: Spool) => Promise<unknown>, segmentBytes = 1 << 20): Promise<Spool> {
  const spool = openSpool({ path, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', segmentBytes, now: () => TS })
  await work(spool)
  await spool.close()
  return spool
}

const answered = (spool: Spool, ids: readonly string[], over = {}): Promise<unknown> =>
  Promise.all(ids.map((id) => spool.opened(exchange(id)).then(() => spool.closed(exchange(id, over)))))

/** A recorder that has just started. */
const follower = (spool: Spool): NodeFollower => new NodeFollower({ spool: path, nodeId: spool.nodeId, now: () => TS + 2000 })
const names = (count: number, prefix = 'r'): string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe('shipping', () => {
  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), 'sallyport-ship-'))
    store = await engine.fresh()
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  after(() => engine.close())

  it('brings all rows of an exchange into their tables and deletes the segment', async () => {
    const spool = await wrote(async (open) => {
      await answered(open, ['r1', 'r2'])
      await open.adminEvent(adminEvent('key_1'))
    })
    assert.equal(await follower(spool).pass(store), 1)
    assert.deepEqual(await counts(store, ['requests', 'decisions', 'findings', 'attempts', 'admin_events', 'ingest']), [2, 2, 2, 2, 1, 1])
    assert.deepEqual(readdirSync(spool.folder), [])
    const [row] = await store.query(
      `SELECT toUnixTimestamp64Milli(ts) AS ts, cost, internal_cost, secure, plugin_us, warnings, local_day, node_id, schema_version FROM ${store.database}.requests WHERE request_id = 'r1'`,
    )
    assert.deepEqual(row, {
      ts: String(TS),
      cost: '0.0000123',
      internal_cost: null,
      secure: false,
      plugin_us: { auth: 1.5 },
      warnings: ['pii_found'],
      local_day: '2026-11-21',
      node_id: spool.nodeId,
      schema_version: 2,
    })
    const [ingest] = await store.query(`SELECT rows, lag_ms, dead_letters FROM ${store.database}.ingest`)
    assert.deepEqual(ingest, { rows: '9', lag_ms: '2000', dead_letters: '0' })
  })

  for (const fate of ['before', 'after'] as const) {
    it(`neither loses nor doubles when any one insert fails ${fate === 'before' ? 'before' : 'and its rows have arrived all the same'}`, async () => {
      for (let failing = 1; failing <= 5; failing++) {
        const fresh = await engine.fresh()
        const spool = await wrote((open) => answered(open, names(20, `f${failing}-`)))
        const follow = follower(spool)
        await assert.rejects(follow.pass(flakyStore(fresh, (_, nth) => (nth === failing ? fate : 'fine'))), StoreError)
        await follow.pass(fresh)
        assert.deepEqual(await counts(fresh), [20, 20, 20, 20], `insert ${failing}`)
      }
    })

    it(`resumes in a new recorder after a crash ${fate} any one insert`, async () => {
      for (let failing = 1; failing <= 5; failing++) {
        const fresh = await engine.fresh()
        const spool = await wrote((open) => answered(open, names(20, `c${failing}-`)), 10_000)
        await assert.rejects(follower(spool).pass(flakyStore(fresh, (_, nth) => (nth === failing ? fate : 'fine'))), StoreError)
        await follower(spool).pass(fresh)
        assert.deepEqual(await counts(fresh), [20, 20, 20, 20], `insert ${failing}`)
      }
    })
  }

  it('looks rows up itself: the deduplication token is only the second line', async () => {
    const spool = await wrote((open) => answered(open, ['r1', 'r2']))
    // The token is another one each time, so only counting can save us.
    const tokenless: Store = {
      ...flakyStore(store, () => 'after'),
      insert: async (batch) => {
        await store.insert({ ...batch, token: `${batch.token}-first` })
        throw new StoreError('connection lost', null)
      },
    }
    await assert.rejects(follower(spool).pass(tokenless), StoreError)
    await follower(spool).pass(store)
    assert.deepEqual(await counts(store), [2, 2, 2, 2])
  })

  it('puts one poisoned value aside, keeps its neighbours, and says so', async () => {
    const spool = await wrote(async (open) => {
      await answered(open, names(30))
      await answered(open, ['bad'], { cost: '99999999999999.0' })
      await answered(open, names(30, 's'))
    })
    await follower(spool).pass(store)
    assert.deepEqual(await counts(store), [60, 61, 61, 61])
    const [event] = await store.query<{ action: string; target: string; result: string }>(
      `SELECT action, target, result FROM ${store.database}.admin_events`,
    )
    assert.equal(event?.action, 'rows dead-lettered')
    assert.match(event.target, /^requests node-/)
    assert.match(event.result, /Decimal/)
    const folder = join(path, 'dead-letters')
    const letters = readdirSync(folder).flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    )
    assert.deepEqual(
      letters.map((letter) => [letter.table, JSON.parse(letter.rows)[2]]),
      [['requests', 'bad']],
    )
    const [ingest] = await store.query(`SELECT dead_letters FROM ${store.database}.ingest`)
    assert.deepEqual(ingest, { dead_letters: '1' })
  })

  it('writes a dead letter once although the recorder crashes after it', async () => {
    const spool = await wrote((open) => answered(open, ['bad', 'good'], { cost: 'poison' }))
    await assert.rejects(follower(spool).pass(flakyStore(store, (batch) => (batch.table === 'ingest' ? 'before' : 'fine'))), StoreError)
    await follower(spool).pass(store)
    assert.deepEqual(await counts(store, ['requests', 'admin_events', 'ingest']), [0, 2, 1])
  })

  it('takes lone surrogates and control characters', async () => {
    const spool = await wrote((open) => answered(open, ['r1'], { user_agent: '\ud800 \u0000 \u2028 \n "\\', metadata: '{"a":"\udfff"}' }))
    await follower(spool).pass(store)
    const [row] = await store.query<{ user_agent: string }>(`SELECT user_agent FROM ${store.database}.requests`)
    assert.equal(row?.user_agent, '\ufffd \u0000 \u2028 \n "\\')
  })

  it('turns what a dead gateway left open into interrupted rows, once, with the numbers of its opened frames', async () => {
    const spool = await wrote(async (open) => {
      await open.opened(exchange('empty', { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, cost: null, booked: {} }))
      await open.opened(exchange('open', { prompt_tokens: 12, completion_tokens: 0, total_tokens: 12, booked: { 'c@1': 12 } }))
      await answered(open, ['r1'])
    })
    await assert.rejects(follower(spool).pass(flakyStore(store, (_, nth) => (nth === 6 ? 'after' : 'fine'))), StoreError)
    await follower(spool).pass(store)
    await follower(spool).pass(store)
    const rows = await store.query(
      `SELECT request_id, outcome, usage_source, total_tokens, cost, booked FROM ${store.database}.requests WHERE request_id != 'r1' ORDER BY request_id`,
    )
    const ended = { outcome: 'interrupted', usage_source: 'estimated_on_crash' }
    assert.deepEqual(rows, [
      { request_id: 'empty', ...ended, total_tokens: '0', cost: null, booked: {} },
      { request_id: 'open', ...ended, total_tokens: '12', cost: '0.0000123', booked: { 'c@1': '12' } },
    ])
    assert.deepEqual(await counts(store, ['requests']), [3])
    assert.deepEqual(readdirSync(spool.folder), [])
  })

  it('ships what a gateway of version 1 left, and charges the reservations of its open exchanges', async () => {
    const spool = await wrote(async (open) => {
      await answered(open, ['r1'])
      await open.opened(exchange('open', { prompt_tokens: 0, total_tokens: 0 }))
    })
    for (const { file } of listSegments(spool.folder)) toVersion1(join(spool.folder, file))
    await follower(spool).pass(store)
    const rows = await store.query(
      `SELECT request_id, total_tokens, booked, schema_version FROM ${store.database}.requests ORDER BY request_id`,
    )
    assert.deepEqual(rows, [
      { request_id: 'open', total_tokens: '500', booked: {}, schema_version: 2 },
      { request_id: 'r1', total_tokens: '42', booked: {}, schema_version: 1 },
    ])
  })

  it('never interrupts an exchange that is merely long, however many segments and recorders pass', async () => {
    const spool = openSpool({ path, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', segmentBytes: 3000 })
    await spool.opened(exchange('long'))
    for (let round = 0; round < 3; round++) {
      await answered(spool, names(5, `round${round}-`))
      while (listSegments(spool.folder).some((segment) => !segment.open)) await follower(spool).pass(store)
    }
    assert.ok(existsSync(join(spool.folder, `${spool.boot}.checkpoint`)))
    await spool.closed(exchange('long'))
    await spool.close()
    await follower(spool).pass(store)
    assert.deepEqual(await store.query(`SELECT outcome, count() AS n FROM ${store.database}.requests GROUP BY outcome`), [
      { outcome: 'completed', n: '16' },
    ])
  })

  it('ships every acknowledged exchange of a killed gateway exactly once, and its open ones as interrupted', async () => {
    const child = fork(new URL('../record/writer.child.ts', import.meta.url), [path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const acked = new Set<string>()
    const dead = new Promise<void>((resolve) => child.on('exit', () => resolve()))
    child.on('message', (id: string) => {
      acked.add(id)
      if (acked.size === 400) child.kill('SIGKILL')
    })
    await dead
    for (const nodeId of listNodes(path)) await new NodeFollower({ spool: path, nodeId, now: Date.now }).pass(store)
    const rows = await store.query<{ request_id: string; n: string; outcome: string }>(
      `SELECT request_id, count() AS n, any(outcome) AS outcome FROM ${store.database}.requests GROUP BY request_id`,
    )
    const byId = new Map(rows.map((row) => [row.request_id, row]))
    assert.deepEqual(
      rows.filter((row) => row.n !== '1'),
      [],
    )
    assert.deepEqual(
      [...acked].filter((id) => byId.get(id)?.outcome !== 'completed'),
      [],
    )
    assert.equal(byId.get('long')?.outcome, 'interrupted')
  })

  it('waits while ClickHouse is away and goes on when it is back', async () => {
    await wrote((open) => answered(open, names(10)))
    let isAway = true
    const shipped = Promise.withResolvers<void>()
    const loop = new ShippingLoop({
      spool: path,
      pollMs: 1,
      maxBackoffMs: 5,
      openStore: async () => {
        if (isAway) throw new StoreError('connection refused', null)
        return flakyStore(store, () => 'fine')
      },
      log: { info: () => shipped.resolve(), warn: () => undefined, error: () => void (isAway = false) },
    })
    loop.start()
    await shipped.promise
    await loop.stop(1000)
    assert.deepEqual(await counts(store), [10, 10, 10, 10])
  })
})
