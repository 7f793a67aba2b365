// The port of several workers: it belongs to them all and to none, so that no connection is lost with the worker that it was handed to. Whoever
// connects is answered or, when the worker that had begun to read dies, sees the connection close.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { spawnSync } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { readdirSync } from 'node:fs'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startWorkers, type Workers } from '../support/cluster.ts'
import type { UpstreamServer } from '../support/upstream/index.ts'
import type { TestRedis } from '../support/redis.ts'

const WORKERS = 3
/** What came before the connection ended: the status, or nothing. */
type End = number | null

const request = (connection: string): string => `GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: ${connection}\r\n\r\n`

describe('connections of several workers', function () {
  this.timeout(240_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  let cluster: Workers
  let gateway: RunningGateway

  before(async () => {
    cluster = await startWorkers(WORKERS)
    ;({ redis, upstream, gateway } = cluster)
  })
  after(async () => {
    await cluster?.stop()
  })

  const open = (allowHalfOpen = false): Socket => {
    const socket = connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', allowHalfOpen })
    socket.on('error', () => undefined)
    return socket
  }
  /** One request on a connection of its own. */
  function ask(): Promise<End> {
    const socket = open()
    socket.write(request('close'))
    return endOf(socket)
  }
  function endOf(socket: Socket): Promise<End> {
    let seen = ''
    socket.on('data', (chunk: Buffer) => (seen += chunk.toString()))
    return new Promise((resolve) => socket.once('close', () => resolve(Number(/^HTTP\/1.1 (\d+)/.exec(seen)?.[1] ?? NaN) || null)))
  }
  const askMany = (count: number): Promise<End>[] => Array.from({ length: count }, ask)
  const metric = async (name: string): Promise<string | undefined> => {
    const text = await fetch(`${gateway.url}/metrics`).then(
      (response) => response.text(),
      () => '',
    )
    return new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]
  }
  const allServe = (): Promise<unknown> => eventually(async () => (await metric('sallyport_workers')) === String(WORKERS))
  /** Who serves now, by the operating system. */
  const workers = (): readonly number[] =>
    spawnSync('ps', ['-o', 'pid=', '--ppid', String(gateway.process.pid)], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter(Boolean)
      .map(Number)

  it('that was handed to a worker which dies before it takes it is answered by another', async () => {
    const [victim] = workers() as [number]
    process.kill(victim, 'SIGSTOP')
    const asked = askMany(2 * WORKERS)
    let answered = 0
    for (const one of asked) void one.then(() => answered++)
    await eventually(() => Promise.resolve(answered === asked.length - 1))
    process.kill(victim, 'SIGKILL')
    assert.deepEqual(await Promise.all(asked), Array(asked.length).fill(200))
    await allServe()
  })
  it('are all answered or closed while workers are killed and hundreds arrive', async () => {
    for (let round = 0; round < 3; round++) {
      const asked = askMany(300)
      await Promise.race(asked)
      process.kill(workers()[0]!, 'SIGKILL')
      asked.push(...askMany(100))
      const ends = await Promise.all(asked)
      assert.ok(ends.every((end) => end === 200 || end === null))
      assert.ok(ends.filter((end) => end === null).length < 100, 'only those that the dead worker had begun to read')
      await allServe()
    }
  })
  it('are all answered while a worker is told to end by itself', async () => {
    const asked = askMany(100)
    await Promise.race(asked)
    process.kill(workers()[0]!, 'SIGTERM')
    asked.push(...askMany(100))
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([200]))
    await allServe()
  })
  it('wait for the next worker when all have died, at the same port', async () => {
    const dead = workers()
    for (const pid of dead) process.kill(pid, 'SIGKILL')
    await eventually(() => Promise.resolve(!workers().some((pid) => dead.includes(pid))))
    const end = await eventually(async () => (await ask()) ?? undefined)
    assert.equal(end, 200)
    await allServe()
  })
  const limit = (pid: number, soft: number): void => {
    assert.equal(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:4096`]).status, 0)
  }
  const usedBy = (pid: number): number => Math.max(...readdirSync(`/proc/${pid}/fd`).map(Number)) + 1

  it('that a worker without file descriptors could not take are answered by the others', async () => {
    const [poor] = workers() as [number]
    limit(poor, Math.min(usedBy(poor), 20))
    assert.deepEqual(await Promise.all(askMany(2 * WORKERS)), Array(2 * WORKERS).fill(200))
    limit(poor, 4096)
    assert.deepEqual(await Promise.all(askMany(2 * WORKERS)), Array(2 * WORKERS).fill(200))
  })
  it('find as many workers as before after the primary had no file descriptors for new ones', async () => {
    const [victim] = workers() as [number]
    limit(gateway.process.pid!, 3)
    process.kill(victim, 'SIGKILL')
    await eventually(() => Promise.resolve(/a worker does not start; trying again/.test(gateway.output())))
    limit(gateway.process.pid!, 4096)
    await allServe()
    assert.deepEqual(await Promise.all(askMany(2 * WORKERS)), Array(2 * WORKERS).fill(200))
  })
  it('are kept alive, and answer a client that has ended its half', async () => {
    const kept = open()
    for (let i = 0; i < 3; i++) {
      kept.write(request('keep-alive'))
      assert.match(String((await once(kept, 'data'))[0]), /^HTTP\/1.1 200[\s\S]*keep-alive/i)
    }
    kept.destroy()
    const half = open(true)
    half.end(request('close'))
    assert.equal(await endOf(half), 200)
  })
  it('on which a client sends too slowly are ended', async () => {
    const slow = await startGateway({
      config: {
        ...baseConfig(upstream.url),
        server: { port: 0, receiveTimeoutMs: 1000 },
        state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000, keyPrefix: 'slow' },
      },
      args: ['--workers', '2'],
    })
    try {
      const socket = connect(Number(new URL(slow.url).port), '127.0.0.1')
      socket.write('GET /healthz HT')
      assert.equal(await endOf(socket), 408)
    } finally {
      await slow.remove()
    }
  })
  it('are answered by those that were there when a rolling restart is asked for twice', async () => {
    const before = workers()
    let asking = true
    const asked = (async () => {
      const ends = new Set<End>()
      while (asking) {
        for (const end of await Promise.all(askMany(10))) ends.add(end)
        // Workers that start need the processor too.
        await pause(10)
      }
      return ends
    })()
    gateway.process.kill('SIGUSR2')
    gateway.process.kill('SIGUSR2')
    try {
      await eventually(() => Promise.resolve(gateway.output().includes('all workers were replaced')))
    } finally {
      asking = false
    }
    assert.deepEqual(await asked, new Set([200]))
    assert.ok(workers().every((pid) => !before.includes(pid)))
  })
})
