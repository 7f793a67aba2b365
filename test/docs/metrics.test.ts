// `docs/metrics.md` and a running gateway name the same metrics, with the same types and labels; and the numbers move.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseConfig, eventually, startGateway, type RunningGateway } from '../support/gateway.ts'
import { postChat, readStream, user } from '../support/chat.ts'
import { hang, startUpstream, status, text, type UpstreamServer } from '../support/upstream/index.ts'

interface Family {
  readonly type: string
  readonly labels: readonly string[]
}

interface Scrape {
  readonly families: ReadonlyMap<string, Family>
  /** The value of `name{label="value"}` as it is written, or undefined. */
  value(series: string): number | undefined
  readonly text: string
}

/** † stands behind what Linux alone tells. Rows with ‡ (several workers) are not read here. */
const ROW = /^\| `(\w+)`( †)? \| (\w+) \| [^|]+ \| (–|`[^|]+`) \| [^|]+ \|$/gm

const documented = [...readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8').matchAll(ROW)]
  .filter(([, , isLinuxOnly]) => isLinuxOnly === undefined || process.platform === 'linux')
  .map(
    ([, name, , type, labels]) => [name!, { type: type!, labels: [...labels!.matchAll(/\w+/g)].map(([label]) => label).sort() }] as const,
  )

async function scrape(gateway: RunningGateway): Promise<Scrape> {
  const response = await fetch(`${gateway.url}/metrics`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
  const text = await response.text()
  const values = new Map(text.split('\n').map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
  return {
    families: familiesOf(text),
    value: (series) => (values.has(series) ? Number(values.get(series)) : undefined),
    text,
  }
}

/** Names, types, and the labels that samples were seen with (`le` is the histogram's own). */
function familiesOf(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; labels: string[] }>()
  for (const [, name, type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) families.set(name!, { type: type!, labels: [] })
  for (const [, name, labels = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const family = families.get(name!) ?? families.get(name!.replace(/_(bucket|sum|count)$/, ''))
    assert.ok(family, `${name} has no type`)
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label!).filter((label) => label !== 'le')
    family.labels = [...new Set([...family.labels, ...names])].sort()
  }
  return families
}

const POLICY = `module acme.modes
policy acme.tried "Tried out" {
  mode shadow
  on   request
  warn "acme.tried"
}
policy acme.off "Switched off" {
  mode off
  on   request
  deny "acme.off"
}
`

describe('docs/metrics.md', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const config = {
      ...baseConfig(upstream.url),
      plugins: { failover: { attempts: 1, breaker: { minRequests: 2, errorRate: 0.5, openSeconds: 600 } } },
    }
    gateway = await startGateway({ config, policies: { 'modes.policy': POLICY } })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const moved = (series: string, until: (value: number) => boolean): Promise<Scrape> =>
    eventually(async (saw) => {
      const seen = await scrape(gateway)
      return until(saw(seen.value(series)) ?? Number.NaN) && seen
    })

  it('counts what has ended, and names nothing that a client made up', async () => {
    upstream.always(text('fine'))
    await (await postChat(gateway, key, user('one'))).text()
    await readStream(await postChat(gateway, key, { ...user('two'), stream: true }))
    await (await postChat(gateway, key, { ...user('three'), model: 'made-up-model' })).text()
    await (await postChat(gateway, 'sp_live_made_up_key', { ...user('four'), user: 'made-up-user' })).text()
    const ended = 'sallyport_requests_total{endpoint="chat.completions",status="401",outcome="refused"}'
    const seen = await moved(ended, (value) => value === 1)
    assert.equal(seen.value('sallyport_requests_total{endpoint="chat.completions",status="200",outcome="completed"}'), 2)
    assert.equal(seen.value('sallyport_upstream_attempts_total{provider="primary",model="gpt-test"}'), 2)
    assert.equal(seen.value('gen_ai_server_time_to_first_token_seconds_count{provider="primary",model="gpt-test"}'), 1)
    assert.ok(seen.value('sallyport_tokens_total{provider="primary",model="gpt-test",kind="input"}')! > 0)
    assert.doesNotMatch(seen.text, /made.up|sp_live|acme/)
  })

  it('shows exchanges under way, also those that a reload has left behind', async () => {
    const inFlight = (snapshot: string): string => `sallyport_exchanges_in_flight{snapshot="${snapshot}"}`
    assert.equal((await scrape(gateway)).value(inFlight('current')), 0)
    const client = new AbortController()
    upstream.always(hang())
    const left = postChat(gateway, key, user('wait'), { signal: client.signal }).catch(() => 'left')
    await moved(inFlight('current'), (value) => value === 1)
    await gateway.admin('/reload', { method: 'POST' })
    const reloaded = await scrape(gateway)
    assert.deepEqual([reloaded.value(inFlight('current')), reloaded.value(inFlight('retiring'))], [0, 1])
    client.abort()
    assert.equal(await left, 'left')
    await moved(inFlight('retiring'), (value) => value === 0)
  })

  it('tells which policies are in force, and how the last reload went', async () => {
    const before = await scrape(gateway)
    const hash = ((await (await gateway.admin('/policies')).json()) as { hash: string }).hash
    assert.equal(before.value(`sallyport_policy_info{hash="${hash}"}`), 1)
    assert.equal(before.value('sallyport_policies{mode="off"}'), 1)
    assert.equal(before.value('sallyport_policies{mode="shadow"}'), 1)
    assert.equal(before.value('sallyport_config_last_reload_successful'), 1)

    writeFileSync(join(gateway.folder, 'policies/modes.policy'), 'module acme.modes\npolicy')
    await gateway.admin('/reload', { method: 'POST' })
    const refused = await scrape(gateway)
    assert.equal(refused.value('sallyport_config_last_reload_successful'), 0)
    assert.ok(refused.value('sallyport_config_reloads_total{outcome="refused"}')! >= 1)
    const taken = 'sallyport_config_last_reload_success_timestamp_seconds'
    assert.equal(refused.value(taken), before.value(taken))
    assert.equal(refused.value(`sallyport_policy_info{hash="${hash}"}`), 1, 'the last good one goes on')

    writeFileSync(join(gateway.folder, 'policies/modes.policy'), POLICY.replace('mode off', 'mode shadow'))
    await gateway.admin('/reload', { method: 'POST' })
    const mended = await scrape(gateway)
    assert.equal(mended.value('sallyport_config_last_reload_successful'), 1)
    assert.ok(mended.value(taken)! > before.value(taken)!)
    assert.ok(mended.value('sallyport_snapshot_generation')! > before.value('sallyport_snapshot_generation')!)
    assert.equal(mended.value('sallyport_policies{mode="shadow"}'), 2)
    assert.equal(mended.value('sallyport_policies{mode="off"}'), 0)
    assert.deepEqual(mended.text.match(/^sallyport_policy_info\{/gm)?.length, 1, 'only the hash in force')
  })

  it('shows the breaker of a provider that fails', async () => {
    const breakers = (state: string): string => `sallyport_breakers{provider="primary",state="${state}"}`
    const before = await scrape(gateway)
    assert.deepEqual([before.value(breakers('closed')), before.value(breakers('open'))], [1, 0])
    upstream.always(status(500))
    const seen = await eventually(async () => {
      await (await postChat(gateway, key, user('fails'))).text()
      const now = await scrape(gateway)
      return now.value(breakers('open')) === 1 && now
    })
    assert.deepEqual([seen.value(breakers('closed')), seen.value(breakers('half_open'))], [0, 0])
  })

  it('tells whether the state can be reached, and who shares it', async () => {
    const seen = await scrape(gateway)
    assert.deepEqual([seen.value('sallyport_state_available'), seen.value('sallyport_state_processes')], [1, 1])
  })

  it('shows the record fall behind without a recorder', async () => {
    const waiting = await moved('sallyport_record_spool_segments', (value) => value >= 1)
    assert.ok(waiting.value('sallyport_record_spool_bytes')! > 1000)
    assert.ok(waiting.value('sallyport_record_spool_bytes')! < waiting.value('sallyport_record_spool_max_bytes')!)
    const lag = waiting.value('sallyport_record_spool_lag_seconds')!
    await moved('sallyport_record_spool_lag_seconds', (value) => value > lag)
    assert.deepEqual([waiting.value('sallyport_record_available'), waiting.value('sallyport_record_lost_total')], [1, 0])
    assert.equal(waiting.families.has('sallyport_recorder_running'), false, 'there is none to tell about')
  })

  it('lists exactly what a gateway with its recorder shows, which then catches up', async () => {
    const { folder } = gateway
    await gateway.stop()
    gateway = await startGateway({ folder, recorder: true })
    upstream.always(text('fine'))
    await readStream(await postChat(gateway, key, { ...user('one'), stream: true }))
    const caughtUp = await eventually(async () => {
      const seen = await scrape(gateway)
      return seen.value('sallyport_record_spool_segments') === 0 && seen
    })
    assert.equal(caughtUp.value('sallyport_record_spool_lag_seconds'), 0)
    assert.equal(caughtUp.value('sallyport_recorder_running'), 1)

    const exposed = [...caughtUp.families].sort(([a], [b]) => (a < b ? -1 : 1))
    // What Node is busy with differs from moment to moment: without a sample its labels do not show.
    const hasSamples = (name: string): boolean => !name.startsWith('nodejs_active_') || caughtUp.families.get(name)!.labels.length > 0
    const expected = documented
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, family]) => [name, caughtUp.families.has(name) && !hasSamples(name) ? { ...family, labels: [] } : family])
    assert.deepEqual(exposed, expected)
  })
})
