// Several workers behind one port, with their state in a real Redis: one policy for all of them, one count, and no request that notices a worker's end.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { readdirSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { policyOf, readChat, sendChat, startWorkers, workerPids, type Workers } from '../support/cluster.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'
import { TestRedis } from '../support/redis.ts'
import { status, text } from '../support/upstream/behaviours.ts'

const WORKERS = 3

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('serve --workers', function () {
  this.timeout(240_000)
  let upstream: UpstreamServer
  let cluster: Workers
  let gateway: RunningGateway
  let key: string

  before(async () => {
    cluster = await startWorkers(WORKERS, { 'house.policy': policyOf('house.first') })
    ;({ upstream, gateway } = cluster)
    key = await gateway.key()
  })
  after(async () => {
    await cluster?.stop()
  })

  const pids = (): readonly number[] => workerPids(gateway)
  const metrics = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text()
  const gauge = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await metrics())?.[1])
  /** Codes of many requests, each on a connection of its own, so that all workers get some. */
  const codes = async (content: string, count = 24): Promise<Set<string>> =>
    new Set(await Promise.all(Array.from({ length: count }, async () => (await sendChat(gateway.url, key, content)).code)))

  it('shares the port between workers, and shows the metrics of all as one', async () => {
    assert.deepEqual(await codes('hello', 30), new Set(['200']))
    assert.equal(await gauge('sallyport_workers'), WORKERS)
    await eventually(async (saw) => saw(await gauge('sallyport_state_available')) === 1)
    await eventually(async (saw) => saw(await gauge('sallyport_state_processes')) === WORKERS)
    // Counted once the answer has been sent.
    const counted = /^sallyport_requests_total\{.*status="200".*\} (\d+)$/m
    await eventually(async (saw) => saw(Number(counted.exec(await metrics())?.[1])) === 30)
    assert.equal(Number(/^sallyport_request_duration_seconds_count\{.*\} (\d+)$/m.exec(await metrics())?.[1]), 30)
    const spools = readdirSync(join(gateway.folder, 'data/spool')).filter((name) => /^node-[0-9a-f]{8}$/.test(name))
    assert.equal(spools.length, WORKERS, 'a spool each')
  })
  it('takes a changed policy in all workers, and a broken one in none', async () => {
    const file = join(gateway.folder, 'policies/house.policy')
    assert.deepEqual(await codes('forbidden'), new Set(['house.first']))
    writeFileSync(file, policyOf('house.second'))
    await eventually(async (saw) => saw(await gauge('sallyport_snapshot_generation')) === 2)
    assert.deepEqual(await codes('forbidden'), new Set(['house.second']))
    writeFileSync(file, 'module house\npolicy house.word "A word" { on request alow }')
    await eventually(async (saw) => saw(await gauge('sallyport_config_last_reload_successful')) === 0)
    assert.deepEqual(await codes('forbidden'), new Set(['house.second']))
    assert.equal(await gauge('sallyport_snapshot_generation'), 2)
    writeFileSync(file, policyOf('house.second'))
    const report = (await (await gateway.admin('/reload', { method: 'POST' })).json()) as { ok: boolean; error: string | null }
    assert.deepEqual([report.ok, report.error], [true, null])
  })
  it('starts another worker for one that was killed', async () => {
    const killed = pids()[0]!
    process.kill(killed, 'SIGKILL')
    await eventually(() => Promise.resolve(gateway.output().includes('a worker ended; starting another')))
    await eventually(async (saw) => saw(await gauge('sallyport_workers')) === WORKERS)
    assert.ok(!isAlive(killed))
    assert.deepEqual(await codes('forbidden'), new Set(['house.second']))
  })
  it('replaces all workers one by one without a request that notices, and lets streams end', async () => {
    const before = pids()
    let release = (): void => {}
    const hold = new Promise<void>((resolve) => (release = resolve))
    upstream.forModel('gpt-upstream', text(['one ', 'two ', 'three '], { hold, holdAt: 2 }))
    const stream = await readChat(gateway.url, key, 'stream please')
    await stream.until('one')
    upstream.reset()
    let asking = true
    const asked = (async () => {
      const all = new Set<string>()
      while (asking) {
        for (const code of await codes('hello', 6)) all.add(code)
        // Workers that start need the processor too.
        await pause(10)
      }
      return all
    })()
    gateway.process.kill('SIGUSR2')
    // The worker with the stream drains, so the others are replaced and it stays until its stream has ended.
    await eventually(async (saw) => saw(await gauge('sallyport_workers')) > WORKERS)
    release()
    assert.match(await stream.rest(), /three[\s\S]*\[DONE\]/)
    try {
      await eventually(() => Promise.resolve(gateway.output().includes('all workers were replaced')))
    } finally {
      asking = false
    }
    assert.deepEqual(await asked, new Set(['200']))
    assert.deepEqual(
      before.filter((pid) => isAlive(pid)),
      [],
    )
    assert.equal(pids().length, WORKERS)
  })
  it('ends all of them when the primary is killed', async () => {
    const workers = pids()
    await gateway.stop('SIGKILL')
    await eventually(() => Promise.resolve(workers.every((pid) => !isAlive(pid))))
  })
})

describe('serve --workers, started wrongly', function () {
  this.timeout(240_000)

  it('says that several processes need Redis', async () => {
    await assert.rejects(
      startGateway({ config: baseConfig('http://127.0.0.1:9'), args: ['--workers', '2'] }),
      /share their state in Redis; set `state: \{ driver: redis/,
    )
  })
  it('ends with one sentence when no worker can start', async () => {
    const redis = await TestRedis.start()
    try {
      const config = { ...baseConfig('http://127.0.0.1:9'), state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 } }
      const policies = { 'bad.policy': 'module bad\npolicy bad.one "x" {\n  on request\n  deni "x"\n}\n' }
      await assert.rejects(startGateway({ config, policies, args: ['--workers', '2'] }), (error: Error) => {
        assert.equal(error.message.split('bad.policy').length, 2, error.message)
        return true
      })
    } finally {
      await redis.stop()
    }
  })
  it('ends, and does not wait for ever, when the spool cannot be opened', async () => {
    const redis = await TestRedis.start()
    try {
      const config = {
        ...baseConfig('http://127.0.0.1:9'),
        state: { driver: 'redis', url: redis.url },
        record: { spool: { path: '/dev/null/spool' } },
      }
      await assert.rejects(startGateway({ config }), /ended with 1 before it listened/)
    } finally {
      await redis.stop()
    }
  })
  it('takes no number of workers that is none', () => {
    for (const workers of ['0', '-1', 'many', '1000']) {
      const { status, stderr } = spawnSync(process.execPath, ['core/main.ts', 'serve', '--workers', workers], { encoding: 'utf8' })
      assert.equal(status, 2)
      assert.match(stderr, /Write a number from 1 to 256/)
    }
  })
})

describe('two hosts with one Redis', function () {
  this.timeout(240_000)
  let redis: TestRedis
  let upstream: UpstreamServer
  let hosts: RunningGateway[]

  before(async () => {
    ;[redis, upstream] = await Promise.all([TestRedis.start(), startUpstream()])
    const tenants = [
      { id: 'acme', quota: { dailyTokens: 1_000_000 } },
      { id: 'few', quota: { concurrency: 1000 } },
    ]
    const failover = { attempts: 1, breaker: { minRequests: 4, errorRate: 0.5, windowSeconds: 30, openSeconds: 1 } }
    const config = {
      ...baseConfig(upstream.url),
      tenants,
      state: { driver: 'redis', url: redis.url, commandTimeoutMs: 5000 },
      plugins: { failover },
    }
    const limit = `module house version "1"
policy house.few "Seven a day" {
  on    request
  when  tenant.id == "few"
  limit requests to 7 per day by tenant.id
}
`
    const first = await startGateway({ config, policies: { 'house.policy': limit } })
    // The pepper of keys is shared by hosts, as operators have to.
    const second = await startGateway({
      config: { ...config, server: { port: 0 } },
      policies: { 'house.policy': limit },
      folder: first.folder,
    })
    hosts = [first, second]
  })
  after(async () => {
    await Promise.all(hosts?.map((host) => host.stop('SIGKILL')) ?? [])
    await hosts?.[0]?.remove()
    await Promise.all([redis.stop(), upstream.close()])
  })

  it('let exactly as many pass together as a limit says', async () => {
    const key = await hosts[0]!.key(['--tenant', 'few', '--scopes', 'chat'])
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => sendChat(hosts[i % 2]!.url, key, 'hello')))
    assert.equal(answers.filter(({ code }) => code === '200').length, 7)
    assert.ok(answers.every(({ code }) => code === '200' || code === 'quota_exceeded'))
  })
  it('both refuse a key within a second after one of them revoked it', async () => {
    const { id, key } = JSON.parse(await hosts[0]!.cli('keys', 'create', '--tenant', 'acme', '--scopes', 'chat', '--json')) as {
      id: string
      key: string
    }
    for (const host of hosts) assert.equal((await sendChat(host.url, key, 'hello')).code, '200')
    await hosts[0]!.cli('keys', 'revoke', id)
    await eventually(async () => {
      const seen = await Promise.all(hosts.map((host) => sendChat(host.url, key, 'hello')))
      // Whoever goes on with a key that is refused is slowed.
      return seen.every(({ code }) => code === 'invalid_api_key' || code === 'rate_limited')
    })
  })
  it('keep away together from a provider that fails, and send it one probe in all', async () => {
    const key = await hosts[0]!.key()
    upstream.always(status(500))
    await Promise.all(Array.from({ length: 6 }, () => sendChat(hosts[0]!.url, key, 'hello')))
    const both = async (code: string): Promise<boolean> => {
      const answers = await Promise.all(hosts.map((host) => sendChat(host.url, key, 'hello')))
      return answers.every((answer) => answer.code === code)
    }
    await eventually(() => both('no_providers_available'))
    upstream.reset()
    let release = (): void => {}
    const hold = new Promise<void>((resolve) => (release = resolve))
    upstream.always(text('well again', { hold, holdAt: 0 }))
    // The probe is out and does not answer yet; what the others ask meanwhile goes nowhere.
    const probing: Promise<{ code: string }>[] = []
    await eventually(async () => {
      probing.push(...hosts.map((host) => sendChat(host.url, key, 'hello')))
      await pause(50)
      return upstream.calls.length > 0
    })
    const meanwhile = await Promise.all(Array.from({ length: 20 }, (_, i) => sendChat(hosts[i % 2]!.url, key, 'hello')))
    assert.ok(meanwhile.every(({ code }) => code === 'no_providers_available'))
    assert.equal(upstream.calls.length, 1)
    release()
    assert.equal((await Promise.all(probing)).filter(({ code }) => code === '200').length, 1)
    upstream.always(text('fine'))
    await eventually(() => both('200'))
  })
  it('keep away together for as long as a provider asks for', async () => {
    const key = await hosts[0]!.key()
    upstream.always(status(429, { headers: { 'retry-after': '2' } }))
    assert.equal((await sendChat(hosts[1]!.url, key, 'hello')).code, 'rate_limited')
    await eventually(async () => (await sendChat(hosts[0]!.url, key, 'hello')).code === 'no_providers_available')
    upstream.always(text('fine'))
    await eventually(async () => (await sendChat(hosts[0]!.url, key, 'hello')).code === '200')
  })
  it('end without waiting for each other', async () => {
    const ended = once(hosts[1]!.process, 'exit')
    await hosts[1]!.stop()
    assert.deepEqual((await ended)[0], 0)
    const key = await hosts[0]!.key()
    assert.equal((await sendChat(hosts[0]!.url, key, 'hello')).code, '200')
  })
})
