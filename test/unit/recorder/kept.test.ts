// Segments that are shipped and still needed by the limits: kept, once, and let go when the mark has moved on.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFiles } from '../../../core/record/files.ts'
import { writeMark } from '../../../core/record/ledger-mark.ts'
import { segmentId } from '../../../core/record/segment.ts'
import { openSpool } from '../../../core/record/spool.ts'
import { NodeFollower } from '../../../core/recorder/follow.ts'
import { sweepKept } from '../../../core/recorder/kept.ts'
import { exchange } from '../record/rows.ts'
import { counts, startEngine } from './support.ts'

describe('segments that limits need', () => {
  const engine = startEngine()
  let path: string
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'sallyport-kept-'))
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))
  after(() => engine.close())

  it('are shipped once and put aside from the mark on, by every recorder, until the mark moves', async () => {
    const store = await engine.fresh()
    const spool = openSpool({ path, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', segmentBytes: 1 })
    for (const id of ['a', 'b', 'c']) {
      await spool.opened(exchange(id))
      await spool.closed(exchange(id))
    }
    await spool.close()
    const mark = (segment: number): Promise<void> => writeMark(spool.folder, { boot: spool.boot, segment, seq: 0, open: [] })
    const recorded = async (): Promise<string[]> => {
      await new NodeFollower({ spool: path, nodeId: spool.nodeId, now: Date.now }).pass(store)
      return readdirSync(spool.folder).sort()
    }
    const kept = (...numbers: number[]): string[] =>
      [...numbers.map((number) => `${segmentId(spool.boot, number)}.kept`), 'ledger.mark'].sort()
    await mark(4)
    assert.deepEqual(await recorded(), kept(4, 5, 6))
    assert.deepEqual(await recorded(), kept(4, 5, 6), 'a new recorder leaves them alone')
    assert.deepEqual(await counts(store, ['requests', 'ingest']), [3, 6])
    assert.deepEqual(await diskFiles.usage(spool.folder), { bytes: 0, files: 0 }, 'they take no room from new exchanges')
    await mark(6)
    assert.deepEqual(await recorded(), kept(6))
    await writeMark(spool.folder, { boot: 'zzzz', segment: 1, seq: 0, open: [] })
    assert.deepEqual(await recorded(), ['ledger.mark'])
  })

  it('are all kept when the mark cannot be read, and none when there is no mark', () => {
    const file = `${segmentId('b', 1)}.kept`
    writeFileSync(join(path, file), 'x')
    writeFileSync(join(path, 'ledger.mark'), '{')
    sweepKept(path)
    assert.ok(readdirSync(path).includes(file))
    rmSync(join(path, 'ledger.mark'))
    sweepKept(path)
    assert.deepEqual(readdirSync(path), [])
  })

  it('are bounded: the oldest go first', async () => {
    mkdirSync(path, { recursive: true })
    for (let number = 1; number <= 5; number++) writeFileSync(join(path, `${segmentId('b', number)}.kept`), 'x'.repeat(10))
    await writeMark(path, { boot: 'b', segment: 1, seq: 0, open: [] })
    sweepKept(path, 25)
    assert.deepEqual(
      readdirSync(path).filter((file) => file.endsWith('.kept')),
      [4, 5].map((number) => `${segmentId('b', number)}.kept`),
    )
  })
})
