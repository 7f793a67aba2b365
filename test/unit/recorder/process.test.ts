import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openSpool } from '../../../core/record/spool.ts'
import type { Log } from '../../../core/recorder/log.ts'
import type { RecorderOptions } from '../../../core/recorder/options.ts'
import { runRecorder } from '../../../core/recorder/recorder.ts'
import { ask, socketPath } from '../../../core/recorder/socket.ts'
import { runSql } from '../../../core/recorder/sql.ts'
import { superviseRecorder } from '../../../core/recorder/supervise.ts'
import { exchange } from '../record/rows.ts'

const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

const rows = async (options: RecorderOptions, query: string): Promise<unknown[]> => all((await runSql(options, query)).rows)

/** Another process cannot be told the time: asks again until it says what is awaited. */
async function until<T>(look: () => Promise<T>, isThere: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look().catch(() => null)
    if (value !== null && isThere(value)) return value
    await pause(20)
  }
}

const status = async (options: RecorderOptions): Promise<{ pid: number; shipped: number }> => {
  const [line] = await all(ask(options.spool, { op: 'status' }))
  return JSON.parse(line!) as { pid: number; shipped: number }
}

describe('the recorder as a process', function () {
  this.timeout(120_000)
  let path: string
  let options: RecorderOptions
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'sallyport-recorder-'))
    options = { spool: join(path, 'spool'), clickhouse: { driver: 'embedded', path: join(path, 'clickhouse') } }
  })
  afterEach(() => rmSync(path, { recursive: true, force: true }))

  it('is started again when it is killed in the middle of its work; nothing is lost, nothing doubled', async () => {
    const supervisor = superviseRecorder({ ...options, log: quiet, backoffMs: 1 })
    const spool = openSpool({ path: options.spool, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', segmentBytes: 40_000 })
    let count = 0
    const write = async (exchanges: number): Promise<void> => {
      for (let done = 0; done < exchanges; done += 10) {
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            const one = exchange(`r${count++}`)
            await spool.opened(one)
            await spool.closed(one)
          }),
        )
      }
    }
    for (let kill = 0; kill < 2; kill++) {
      await write(300)
      const victim = await until(
        () => status(options),
        ({ shipped }) => shipped > 0,
      )
      process.kill(victim.pid, 'SIGKILL')
    }
    await write(100)
    await spool.close()
    const query = 'SELECT count(), uniqExact(request_id) FROM requests'
    // Asks the recorder itself: between two recorders `runSql` would open the data, and keep the next one waiting.
    const shipped = async (): Promise<string> => (await all(ask(options.spool, { op: 'sql', query })))[1]!
    await until(shipped, (row) => row === JSON.stringify([String(count), String(count)]).replace(',', ', '))
    assert.deepEqual(await rows(options, query), [[String(count), String(count)]])
    await supervisor.stop()
    assert.equal(supervisor.pid, null)
    // Nobody has the data open any more: the same question opens it itself.
    assert.deepEqual(await rows(options, query), [[String(count), String(count)]])
  })

  it('holds no credentials, lets only its user in, and drains before it ends', async () => {
    process.env['SALLYPORT_TEST_SECRET_KEY'] = 'sk-secret'
    const supervisor = superviseRecorder({ ...options, log: quiet })
    delete process.env['SALLYPORT_TEST_SECRET_KEY']
    const { pid } = await until(
      () => status(options),
      () => true,
    )
    if (process.platform === 'linux') assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'latin1'), /sk-secret/)
    assert.equal(statSync(socketPath(options.spool)).mode & 0o777, 0o600)
    await assert.rejects(rows(options, "SELECT file('/etc/hostname')"), /reaches beyond/)
    await assert.rejects(runRecorder(options, quiet), /another recorder runs/)
    const spool = openSpool({ path: options.spool, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block' })
    await spool.closed(exchange('last'))
    await spool.close()
    await supervisor.stop()
    assert.deepEqual(await rows(options, 'SELECT request_id FROM requests'), [['last']])
  })
})
