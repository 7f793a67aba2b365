import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GatewayError } from '../../../core/errors/gateway-error.ts'
import { diskFiles, type SpoolFiles } from '../../../core/record/files.ts'
import { exchangeOf } from '../../../core/record/frame.ts'
import { listSegments, readFrames, segmentPaths } from '../../../core/record/segment.ts'
import { openSpool, type Spool, type SpoolOptions } from '../../../core/record/spool.ts'
import { adminEvent, exchange } from './rows.ts'

/** A disk that can be full, slow of grasp, or broken. */
function flakyFiles(): { files: SpoolFiles; full: boolean; most: number; writes: number } {
  const disk = { full: false, most: Infinity, writes: 0, files: diskFiles }
  disk.files = {
    ...diskFiles,
    write: (file, bytes, offset, length, position) => {
      disk.writes++
      // A full disk takes a part of the bytes before it says no, as a real one does.
      if (disk.full && length < 50) return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
      return diskFiles.write(file, bytes, offset, Math.min(length, disk.full ? length >> 1 : disk.most), position)
    },
  }
  return disk
}

/** The ids of all whole exchanges in the spool, by kind. */
function idsIn(folder: string): string[] {
  return segmentPaths(folder)
    .flatMap((path) => [...readFrames(path)])
    .filter((frame) => frame.kind === 'opened' || frame.kind === 'closed')
    .map((frame) => `${frame.kind} ${exchangeOf(frame).request.request_id}`)
}

const refused = (error: unknown): boolean => error instanceof GatewayError && error.code === 'record_unavailable'

describe('the spool', () => {
  let path: string
  let spool: Spool | null = null
  const open = (over: Partial<SpoolOptions> = {}): Spool =>
    (spool = openSpool({ path, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', retryMs: 5, ...over }))

  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'sallyport-spool-'))
  })
  afterEach(async () => {
    await spool?.close()
    spool = null
    rmSync(path, { recursive: true, force: true })
  })

  it('keeps what it acknowledged, in order, and ties closed to opened', async () => {
    const { folder, opened, closed } = bound(open())
    await opened(exchange('a'))
    await Promise.all([opened(exchange('b')), closed(exchange('a')), spool!.adminEvent(adminEvent('k'))])
    await closed(exchange('b'))
    assert.deepEqual(idsIn(folder), ['opened a', 'opened b', 'closed a', 'closed b'])
    const frames = segmentPaths(folder).flatMap((file) => [...readFrames(file)])
    assert.deepEqual(
      frames.map((frame) => [frame.seq, frame.openedSeq]),
      [
        [1, 0],
        [2, 0],
        [3, 1],
        [4, 0],
        [5, 2],
      ],
    )
  })

  it('sends all frames of one turn out in one write', async () => {
    const disk = flakyFiles()
    const { opened } = bound(open({ files: disk.files }))
    await Promise.all(Array.from({ length: 100 }, (_, index) => opened(exchange(`r${index}`))))
    assert.equal(disk.writes, 1)
  })

  it('survives short writes', async () => {
    const disk = flakyFiles()
    disk.most = 100
    const { folder, opened } = bound(open({ files: disk.files, fsync: true }))
    await Promise.all([opened(exchange('a')), opened(exchange('b'))])
    assert.ok(disk.writes > 10)
    assert.deepEqual(idsIn(folder), ['opened a', 'opened b'])
  })

  it('starts a new segment at its size, and seals the last when it closes', async () => {
    const { folder, opened } = bound(open({ segmentBytes: 2000 }))
    for (let index = 0; index < 9; index++) await opened(exchange(`r${index}`))
    await spool!.close()
    const segments = listSegments(folder)
    assert.ok(segments.length > 2)
    assert.deepEqual(
      segments.filter((segment) => segment.open),
      [],
    )
    assert.equal(idsIn(folder).length, 9)
  })

  it('seals a segment at its age, although nothing more comes', async () => {
    const sealed = Promise.withResolvers<void>()
    const files: SpoolFiles = { ...diskFiles, rename: (from, to) => diskFiles.rename(from, to).then(() => sealed.resolve()) }
    const { folder, opened } = bound(open({ segmentAgeMs: 10, files }))
    await opened(exchange('a'))
    await sealed.promise
    assert.deepEqual(
      listSegments(folder).map((segment) => segment.open),
      [false],
    )
  })

  it('refuses on a full disk, leaves nothing of the refused, and recovers by itself', async () => {
    const disk = flakyFiles()
    const changes: boolean[] = []
    const back = Promise.withResolvers<void>()
    const onChange = (available: boolean): void => {
      changes.push(available)
      if (available) back.resolve()
    }
    const { folder, opened, closed } = bound(open({ files: disk.files, onChange }))
    await opened(exchange('before'))
    disk.full = true
    await assert.rejects(opened(exchange('refused')), refused)
    assert.equal(spool!.available, false)
    await assert.rejects(closed(exchange('before')), refused)
    disk.full = false
    await back.promise
    await opened(exchange('after'))
    assert.deepEqual(idsIn(folder), ['opened before', 'opened after'])
    assert.deepEqual(changes, [false, true])
    assert.equal(spool!.lost, 0)
  })

  it('goes on without a record when told to, and counts what it lost', async () => {
    const disk = flakyFiles()
    const { folder, opened, closed } = bound(open({ files: disk.files, onUnavailable: 'continue' }))
    disk.full = true
    await Promise.all([opened(exchange('a')), opened(exchange('b'))])
    await closed(exchange('a'))
    assert.equal(spool!.lost, 3)
    assert.deepEqual(idsIn(folder), [])
  })

  it('refuses new exchanges at maxBytes, lets running ones end, and takes new ones when the recorder has made room', async () => {
    const [full, back] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { folder, opened, closed } = bound(
      open({ maxBytes: 20_000, segmentBytes: 5_000, onChange: (available) => (available ? back : full).resolve() }),
    )
    let count = 0
    while (spool!.available) await opened(exchange(`r${count++}`))
    await assert.rejects(opened(exchange('late')), refused)
    await closed(exchange('r0'))
    await full.promise
    for (const segment of listSegments(folder)) if (!segment.open) rmSync(join(folder, segment.file))
    await back.promise
    await opened(exchange('again'))
  })

  it('comes back as the same node with a new boot, and cuts a torn tail', async () => {
    const first = open()
    await first.opened(exchange('a'))
    const [file] = segmentPaths(first.folder)
    const whole = readFileSync(file!)
    await first.close()
    // What a killed process leaves: a growing file with half a frame at its end.
    const orphan = join(first.folder, 'zzzz-000000001.open')
    appendFileSync(orphan, Buffer.concat([whole, whole.subarray(0, whole.length >> 1)]))
    const second = open()
    assert.equal(second.nodeId, first.nodeId)
    assert.notEqual(second.boot, first.boot)
    assert.deepEqual(readFileSync(orphan.replace('.open', '.seg')), whole)
  })

  it('gives two processes two nodes', async () => {
    const first = open()
    const second = openSpool({ path, maxBytes: 1 << 20, fsync: false, onUnavailable: 'block' })
    assert.notEqual(first.nodeId, second.nodeId)
    assert.throws(
      () => openSpool({ path, maxBytes: 1, fsync: false, onUnavailable: 'block', nodeId: first.nodeId }),
      /belongs to a gateway that is running/,
    )
    await second.close()
  })

  it('keeps every acknowledged frame when its process is killed in the middle', async () => {
    const child = fork(new URL('./writer.child.ts', import.meta.url), [path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const acked = new Set<string>()
    await new Promise<void>((resolve) => {
      child.on('message', (id: string) => {
        acked.add(id)
        if (acked.size === 500) child.kill('SIGKILL')
      })
      child.on('exit', () => resolve())
    })
    const { folder } = open()
    const kept = new Set(idsIn(folder))
    assert.deepEqual(
      [...acked].filter((id) => !kept.has(`closed ${id}`)),
      [],
    )
  })
})

const bound = (spool: Spool): Pick<Spool, 'folder' | 'opened' | 'closed'> => ({
  folder: spool.folder,
  opened: (rows) => spool.opened(rows),
  closed: (rows) => spool.closed(rows),
})
