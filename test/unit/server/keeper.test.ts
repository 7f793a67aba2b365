// Counters and record kept in step: real spool, real state folder, and gateways that end in every way.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedState } from '../../../core/state/embedded.ts'
import { openSpool, type Spool, type SpoolOptions } from '../../../core/record/spool.ts'
import { startKeeper, type Keeper } from '../../../core/server/keeper.ts'
import { diskFiles } from '../../../core/record/files.ts'
import { readMark } from '../../../core/record/ledger-mark.ts'
import { bookedKey } from '../../../core/model/counters.ts'
import type { State } from '../../../core/model/state.ts'
import { exchange } from '../record/rows.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'

const DAY = 86_400_000
const TICK = 2000

/** A gateway without its pipeline: exchanges are reserved, opened, settled and closed as `settle` does it. */
interface Gateway {
  readonly state: State
  readonly spool: Spool
  readonly keeper: Keeper
  readonly log: ReturnType<typeof silentLog>
  begin(id: string): Promise<void>
  /** In one turn, as the pipeline does it. */
  end(id: string, used: number): Promise<void>
  /** Runs a checkpoint and waits until it is on disk. */
  checkpoint(): Promise<void>
  close(): Promise<void>
}

describe('the keeper', () => {
  let folder: string
  let clock: ManualClock
  let running: Gateway[]
  const counter = '4:acme|p|day|tokens|4:acme|d'
  const endsAt = Date.UTC(2026, 0, 16)
  const key = bookedKey({ counter, endsAt })
  /** What an exchange books that is cut off. */
  const ESTIMATE = 5

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-keeper-'))
    clock = new ManualClock(endsAt - DAY / 2)
    running = []
  })
  afterEach(async () => {
    for (const gateway of running) await gateway.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(home = folder, over: Partial<SpoolOptions> = {}): Promise<Gateway> {
    const log = silentLog()
    const state = openEmbeddedState({ path: join(home, 'state'), clock, log })
    const path = join(home, 'spool')
    const spool = openSpool({ path, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', segmentAgeMs: 3_600_000, retryMs: 5, ...over })
    const keeper = await startKeeper({ state, spool, clock, log })
    const gateway: Gateway = {
      state,
      spool,
      keeper,
      log,
      async begin(id) {
        await state.ledger.reserve(id, [{ kind: 'window', counter, endsAt, limit: 1e9, amount: 100 }])
        await spool.opened(exchange(id, { booked: { [key]: ESTIMATE } }))
      },
      async end(id, used) {
        const recorded = spool.closed(exchange(id, { booked: { [key]: used } }))
        void state.ledger.settle(id, new Map([[counter, used]]), recorded)
        await recorded
      },
      async checkpoint() {
        const { seq } = spool.position().mark
        clock.advance(TICK)
        while (readMark(spool.folder)?.seq !== seq) await new Promise((resolve) => setImmediate(resolve))
      },
      async close() {
        await keeper.close()
        await spool.close()
        await state.close()
      },
    }
    running.push(gateway)
    return gateway
  }

  /** What `kill -9` leaves: the files as they are, and nobody who owns them. */
  function killed(gateway: Gateway, name = `killed${running.length}`): string {
    const home = join(folder, name)
    for (const part of ['state', 'spool']) cpSync(join(gateway.spool.folder, '../..', part), join(home, part), { recursive: true })
    rmSync(join(home, 'spool', gateway.spool.nodeId, 'writer.lock'))
    return home
  }

  const level = (gateway: Gateway): unknown => gateway.state.ledger.level(counter)

  it('books what closed after the checkpoint, and the estimate of what never closed', async () => {
    const first = await start()
    await first.begin('a')
    await first.end('a', 40)
    await first.begin('long')
    await first.checkpoint()
    await first.begin('b')
    await first.end('b', 2)
    await first.begin('open')
    const next = await start(killed(first))
    assert.equal(level(next), 40 + 2 + 2 * ESTIMATE)
  })

  it('books the end of what was under way at the checkpoint, and not its estimate', async () => {
    const first = await start()
    await first.begin('long')
    await first.checkpoint()
    await first.end('long', 30)
    assert.equal(level(await start(killed(first))), 30)
  })

  it('books nothing twice, however often it is killed, before and after its first exchange', async () => {
    let gateway = await start()
    await gateway.begin('a')
    await gateway.end('a', 40)
    await gateway.begin('open')
    for (let round = 0; round < 4; round++) gateway = await start(killed(gateway))
    assert.equal(level(gateway), 40 + ESTIMATE)
    await gateway.begin('b')
    await gateway.end('b', 1)
    for (let round = 0; round < 2; round++) gateway = await start(killed(gateway))
    assert.equal(level(gateway), 41 + ESTIMATE)
  })

  it('books nothing twice when it dies between its counters and its mark', async () => {
    const first = await start()
    await first.begin('a')
    const old = readFileSync(join(first.spool.folder, 'ledger.mark'))
    await first.end('a', 40)
    await first.begin('open')
    await first.checkpoint()
    writeFileSync(join(first.spool.folder, 'ledger.mark'), old)
    const second = await start(killed(first))
    assert.equal(level(second), 40 + ESTIMATE)
    const third = killed(second)
    cpSync(join(first.spool.folder, 'ledger.mark'), join(third, 'spool', first.spool.nodeId, 'ledger.mark'))
    assert.equal(level(await start(third)), 40 + ESTIMATE, 'after the replay too')
  })

  it('takes a torn tail for what was never written', async () => {
    const first = await start()
    await first.begin('a')
    await first.end('a', 40)
    const home = killed(first)
    const node = join(home, 'spool', first.spool.nodeId)
    const open = join(
      node,
      readdirSync(node).find((file) => file.endsWith('.open'))!,
    )
    truncateSync(open, readFileSync(open).length - 3)
    assert.equal(level(await start(home)), ESTIMATE)
  })

  it('says so when its counters were restored to an older day than its mark', async () => {
    const first = await start()
    const before = killed(first, 'backup')
    await first.begin('a')
    await first.end('a', 40)
    await first.checkpoint()
    const home = killed(first)
    rmSync(join(home, 'state'), { recursive: true })
    renameSync(join(before, 'state'), join(home, 'state'))
    const next = await start(home)
    assert.equal(level(next), 40, 'what is still there counts')
    assert.ok(next.log.lines.some((line) => line.includes('--rebuild-quotas')))
  })

  it('replays everything when its mark cannot be read', async () => {
    const first = await start()
    await first.begin('a')
    await first.checkpoint()
    await first.end('a', 40)
    const home = killed(first)
    writeFileSync(join(home, 'spool', first.spool.nodeId, 'ledger.mark'), '{"boot":')
    const next = await start(home)
    assert.equal(level(next), 40)
    assert.ok(next.log.lines.some((line) => line.includes('cannot be read')))
  })

  it('replays a node that it does not take over itself, and lets go of it', async () => {
    const first = await start()
    await first.begin('a')
    await first.end('a', 40)
    const home = killed(first)
    const next = await start(home, { nodeId: 'node-other' })
    assert.equal(level(next), 40)
    assert.ok(!existsSync(join(home, 'spool', first.spool.nodeId, 'ledger.mark')))
    assert.equal(level(await start(killed(next))), 40)
  })

  it('keeps nothing that the record does not hold: counters wait for their frames', async () => {
    let isFull = false
    const write: typeof diskFiles.write = (...args) =>
      isFull ? Promise.reject(new Error('ENOSPC: no space left on device')) : diskFiles.write(...args)
    const first = await start(folder, { files: { ...diskFiles, write } })
    await first.begin('a')
    await first.end('a', 40)
    await first.checkpoint()
    await first.begin('b')
    isFull = true
    const ended = first.end('b', 9)
    clock.advance(TICK)
    await assert.rejects(ended)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(level(first), 49)
    assert.equal(level(await start(killed(first))), 40 + ESTIMATE, 'as the record will tell it')
    isFull = false
  })

  it('has all of it at a regular end, also what ended last', async () => {
    const first = await start()
    await first.begin('a')
    await first.end('a', 40)
    await first.close()
    running = []
    const next = await start()
    assert.equal(level(next), 40)
    assert.ok(!next.log.lines.some((line) => line.includes('replayed')))
  })

  it('takes the end of every exchange into a full spool, so that record and counters tell the same', async () => {
    const first = await start(folder, { maxBytes: 4000 })
    const begun: string[] = []
    for (let i = 0; first.spool.available; i++) {
      begun.push(`r${i}`)
      await first.begin(`r${i}`)
    }
    await assert.rejects(first.begin('late'), { code: 'record_unavailable' })
    await first.state.ledger.settle('late', new Map())
    for (const id of begun) await first.end(id, 7)
    assert.equal(level(await start(killed(first), { maxBytes: 4000 })), 7 * begun.length)
  })

  it('reads on where a garbage file lies beside the segments', async () => {
    const first = await start()
    await first.begin('a')
    await first.end('a', 40)
    const home = killed(first)
    appendFileSync(join(home, 'spool', first.spool.nodeId, 'zzzz-000000001.seg'), 'no frames')
    assert.equal(level(await start(home)), 40)
  })
})
