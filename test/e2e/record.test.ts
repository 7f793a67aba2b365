// Every exchange becomes rows in ClickHouse, once, whoever is killed in between.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseConfig, eventually, startGateway, type GatewaySetup, type Row, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, readStream, user } from '../support/chat.ts'
import { dieAfter, startUpstream, status, text, type UpstreamServer } from '../support/upstream/index.ts'

const HOUSE = `
module house

detector badge {
  pattern  /\\bBADGE-\\d{4}\\b/
  score    0.9
  examples "BADGE-4711"
  never    "BADGE-47"
}

detector secrecy {
  pattern  /\\bsecret\\b/
  score    0.9
  examples "secret"
  never    "open"
}

policy house.secret_badges "No badges of secret places" {
  on   request
  when prompt contains badge and prompt contains secrecy
  deny "house.secret_badge"
}

policy house.badges "Badges are noticed" {
  on   request
  when prompt contains badge
  warn "house.badge"
}

policy house.told_badges "No badges in answers" {
  on   response, stream
  when completion contains badge
  deny "house.told_badge"
}
`

describe('the record', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  const setup = (): GatewaySetup => ({
    recorder: true,
    policies: { 'house.policy': HOUSE },
    config: { ...baseConfig(upstream.url), plugins: { failover: { attempts: 2, backoff: { baseMs: 1, maxMs: 2 } } } },
  })

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway(setup())
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const rowsOf = (id: string, table = 'requests'): Promise<readonly Row[]> =>
    eventually(async () => {
      const rows = await gateway.sql(`SELECT * FROM ${table} WHERE request_id = '${id}'`)
      return rows.length > 0 && rows
    })

  it('counts the pauses of a stream as time of the upstream, not of the gateway', async () => {
    const pauses = 8
    const words = Array.from({ length: pauses }, () => 'word ')
    upstream.next(text(words, { delayMs: 20 }))
    const response = await postChat(gateway, key, { ...user('slowly'), stream: true })
    await readStream(response)
    const [request] = await rowsOf(response.headers.get('x-request-id')!)
    const waited = Number(request!.latency_ms) - Number(request!.overhead_us) / 1000
    // Timers may be a little early.
    assert.ok(waited > pauses * 19, `only ${waited} ms of ${request!.latency_ms} were the upstream's`)
  })

  it('tells what was asked, what it cost, which policies fired and what was found', async () => {
    upstream.next(text('fine'))
    const response = await postChat(gateway, key, user('card 4111 1111 1111 1111'), {
      headers: { 'x-sallyport-session': 's1', 'x-sallyport-instance': 'i1', 'x-sallyport-metadata': '{"case":"7"}' },
    })
    const { usage } = (await response.json()) as { usage: { prompt_tokens: number; completion_tokens: number } }
    const id = response.headers.get('x-request-id')!
    const [request] = await rowsOf(id)
    const cost = ((usage.prompt_tokens * 1 + usage.completion_tokens * 2) / 1e6).toFixed(9)
    const expected = {
      tenant: 'acme',
      session_id: 's1',
      instance_id: 'i1',
      outcome: 'completed',
      status: 200,
      verdict: 'allow',
      model: 'gpt-test',
      provider: 'primary',
      usage_source: 'provider',
    }
    for (const [column, value] of Object.entries(expected)) assert.equal(request![column], value, column)
    assert.equal(Number(request!.cost), Number(cost))
    assert.equal(Number(request!.prompt_tokens), usage.prompt_tokens)
    const decisions = await rowsOf(id, 'decisions')
    assert.ok(decisions.some(({ policy, state }) => policy === 'standard.pii.scrub' && state === 'enforced'))
    const [finding] = await rowsOf(id, 'findings')
    assert.equal(finding!.detector, 'standard.detectors.payment_card')
    assert.equal(finding!.action, 'redact')
    assert.ok(!JSON.stringify(await rowsOf(id, 'findings')).includes('4111'), 'never the value')
    const [attempt] = await rowsOf(id, 'attempts')
    assert.equal(attempt!.status, 200)
  })

  it('tells what was found where a policy refuses, warns or stops, and takes nothing out', async () => {
    const badge = 'BADGE-4711'
    const cases: readonly [string, { readonly asked?: string; readonly answered?: string }, readonly string[]][] = [
      [
        'refused',
        { asked: `${badge} and ${badge}, secret` },
        ['request prompt.user house.badge deny', 'request prompt.user house.badge deny', 'request prompt.user house.secrecy deny'],
      ],
      ['warned of', { asked: badge }, ['request prompt.user house.badge warn']],
      ['in an answer', { answered: `it is ${badge} .` }, ['completion.text house.badge deny']],
    ]
    for (const stream of [false, true]) {
      for (const [title, { asked = 'hello', answered = 'fine' }, expected] of cases) {
        upstream.always(text(answered))
        const response = await postChat(gateway, key, { ...user(asked), stream })
        await response.text().catch(() => '')
        const id = response.headers.get('x-request-id')!
        const rows = await rowsOf(id, 'findings')
        const told = rows.map(({ phase, location, detector, action }) => `${phase} ${location} ${detector} ${action}`)
        const phase = stream ? 'stream ' : 'response '
        const wanted = expected.map((one) => (one.startsWith('completion') ? phase + one : one))
        assert.deepEqual(told, wanted, `${title}, ${stream ? 'streamed' : 'whole'}`)
        const counted = `SELECT arraySum(mapValues(finding_counts)) AS n FROM requests WHERE request_id = '${id}'`
        assert.equal(Number((await gateway.sql(counted))[0]!.n), expected.length, title)
        assert.ok(!JSON.stringify(rows).includes('4711'), 'never the value')
      }
    }
  })

  it('tells how an exchange ended that did not go well', async () => {
    const outcomes: [string, () => Promise<Response>, string, string][] = [
      ['refused', () => postChat(gateway, 'sp_live_wrong', user('x')), 'refused', 'invalid_api_key'],
      ['failed', () => (upstream.always(status(500)), postChat(gateway, key, user('x'))), 'failed', 'upstream_error'],
      [
        'truncated',
        () => (upstream.always(dieAfter(2)), postChat(gateway, key, { ...user('x'), stream: true })),
        'truncated',
        'upstream_error',
      ],
    ]
    for (const [title, run, outcome, code] of outcomes) {
      const response = await run()
      await response.text().catch(() => '')
      const [row] = await rowsOf(response.headers.get('x-request-id')!)
      assert.deepEqual([row!.outcome, row!.error_code], [outcome, code], title)
    }
  })

  it('cannot be written, and reads no files, through SQL', async () => {
    const attacks = [
      'DROP TABLE requests',
      'INSERT INTO requests (tenant) VALUES (1)',
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT * FROM requests INTO OUTFILE '/tmp/sallyport-outfile'",
      "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
      'SELECT 1; DROP TABLE requests',
    ]
    for (const attack of attacks) await assert.rejects(gateway.cli('sql', attack), attack)
    assert.match(await gateway.cli('sql', '--json', 'SELECT count() AS n FROM requests'), /^\{"n":"\d+"\}\n$/)
  })

  it('loses and doubles nothing when the recorder is killed under load', async () => {
    upstream.always(text('fine'))
    const ids: string[] = []
    for (let round = 0; round < 10; round++) {
      if (round === 3 || round === 6) process.kill(await eventually(async () => recorderPid(gateway) || undefined), 'SIGKILL')
      const responses = await Promise.all(Array.from({ length: 20 }, () => postChat(gateway, key, user(`round ${round}`))))
      for (const response of responses) {
        assert.equal(response.status, 200, 'answers go on')
        await response.text()
        ids.push(response.headers.get('x-request-id')!)
      }
    }
    await assertOnce(gateway, ids)
  })

  it('has every answered exchange once, and every begun one, after the gateway was killed under load', async () => {
    upstream.always(text(['a ', 'b ', 'c '], { delayMs: 5 }))
    const beganAt = Date.now()
    const answered: string[] = []
    const running = Array.from({ length: 150 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i * 2))
      const response = await postChat(gateway, key, { ...user(`load ${i}`), stream: i % 2 === 0 })
      if (i % 2 === 0 ? (await readStream(response)).done : (await response.json(), true))
        answered.push(response.headers.get('x-request-id')!)
    }).map((one) => one.catch(() => {}))
    await eventually(async () => answered.length > 20)
    const begun = upstream.calls.length
    await gateway.stop('SIGKILL')
    await Promise.all(running)
    gateway = await startGateway({ ...setup(), folder: gateway.folder })
    await assertOnce(gateway, answered)
    const counted = await eventually(async (saw) => {
      const [row] = await gateway.sql(
        `SELECT countIf(outcome = 'interrupted') AS interrupted, count() AS n FROM requests WHERE requested_model = 'gpt-test' AND ts >= fromUnixTimestamp64Milli(${beganAt})`,
      )
      return Number(saw(row!).n) >= begun && row
    })
    assert.ok(Number(counted.interrupted) > 0, 'some were under way')
  })

  it('refuses before the dispatch when the spool is full, or goes on if the operator chose that', async () => {
    for (const [onUnavailable, expected] of [
      ['block', 503],
      ['continue', 200],
    ] as const) {
      const base = baseConfig(upstream.url)
      const own = await startGateway({
        config: { ...base, record: { ...(base.record as object), spool: { path: './data/spool', maxBytes: '64KiB', onUnavailable } } },
      })
      try {
        const ownKey = await own.key()
        const last = await eventually(async () => {
          const calls = upstream.calls.length
          const response = await postChat(own, ownKey, user('x'.repeat(500)))
          const full = /cannot be written/.test(own.output())
          return full && { response, sent: upstream.calls.length - calls }
        })
        const next = await postChat(own, ownKey, user('one more'))
        assert.equal(next.status, expected, `${onUnavailable}: ${last.response.status}`)
        if (expected === 503) assert.equal(await errorCode(next), 'record_unavailable')
      } finally {
        await own.remove()
      }
    }
  })
})

/** The gateway's only child; 0 between two of them. */
function recorderPid(gateway: RunningGateway): number {
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const [, parent] = /^\d+ \(.*\) \S (\d+)/s.exec(statOf(entry)) ?? []
    if (Number(parent) === gateway.process.pid) return Number(entry)
  }
  return 0
}

function statOf(pid: string): string {
  try {
    return readFileSync(join('/proc', pid, 'stat'), 'utf8')
  } catch {
    return ''
  }
}

async function assertOnce(gateway: RunningGateway, ids: readonly string[]): Promise<void> {
  const list = ids.map((id) => `'${id}'`).join(',')
  await eventually(async (saw) => {
    const [row] = await gateway.sql(`SELECT uniqExact(request_id) AS n FROM requests WHERE request_id IN (${list})`)
    return Number(saw(row!.n)) === ids.length
  })
  const doubled = await gateway.sql(`SELECT request_id FROM requests WHERE request_id IN (${list}) GROUP BY request_id HAVING count() > 1`)
  assert.deepEqual(doubled, [])
}
