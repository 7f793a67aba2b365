// Numbers that are looked up while a scrape waits.
import assert from 'node:assert/strict'
import { createMetrics } from '../../../core/telemetry/metrics.ts'
import { shared } from '../../../core/telemetry/watched.ts'
import { watchGateway, type Readings } from '../../../core/telemetry/gauges.ts'

const READINGS: Readings = {
  exchanges: () => ({ current: 2, retiring: 1 }),
  policies: () => ({ hash: 'abc', generation: 3, modes: ['enforce', 'shadow', 'enforce'] }),
  reloads: () => ({ ok: 2, refused: 1, isLastOk: false, lastGoodMs: 1_500 }),
  breakers: async () => [
    { provider: 'a', state: 'open' },
    { provider: 'a', state: 'closed' },
    { provider: 'b', state: 'half_open' },
  ],
  state: () => ({ available: false, processes: 3, pending: 7 }),
  record: () => ({ available: true, lost: 4 }),
  spoolMaxBytes: 100,
  spool: async () => ({ bytes: 10, segments: 2, lagMs: 2500, deadLetterFiles: 1 }),
  isRecorderRunning: () => false,
}

async function lines(readings: Readings): Promise<readonly string[]> {
  const metrics = createMetrics('1')
  watchGateway(metrics, readings)
  return (await metrics.text()).split('\n').filter((line) => line.startsWith('sallyport_'))
}

describe('watched metrics', () => {
  it('show what the readings tell', async () => {
    const seen = await lines(READINGS)
    for (const line of [
      'sallyport_exchanges_in_flight{snapshot="current"} 2',
      'sallyport_exchanges_in_flight{snapshot="retiring"} 1',
      'sallyport_policies{mode="enforce"} 2',
      'sallyport_policies{mode="off"} 0',
      'sallyport_policy_info{hash="abc"} 1',
      'sallyport_config_reloads_total{outcome="refused"} 1',
      'sallyport_config_last_reload_successful 0',
      'sallyport_config_last_reload_success_timestamp_seconds 1.5',
      'sallyport_breakers{provider="a",state="open"} 1',
      'sallyport_breakers{provider="a",state="closed"} 1',
      'sallyport_breakers{provider="b",state="half_open"} 1',
      'sallyport_breakers{provider="b",state="open"} 0',
      'sallyport_state_available 0',
      'sallyport_state_processes 3',
      'sallyport_state_pending_settlements 7',
      'sallyport_record_spool_lag_seconds 2.5',
      'sallyport_record_dead_letter_files 1',
      'sallyport_record_lost_total 4',
      'sallyport_recorder_running 0',
    ]) {
      assert.ok(seen.includes(line), `${line}\n${seen.join('\n')}`)
    }
  })

  it('are all shown, and say so, when one of them can not be read', async () => {
    const broken = await lines({
      ...READINGS,
      spool: () => Promise.reject(new Error('EACCES')),
      breakers: () => Promise.reject(new Error('the state is away')),
    })
    assert.ok(broken.includes('sallyport_record_spool_bytes Nan'), broken.join('\n'))
    assert.ok(!broken.some((line) => line.startsWith('sallyport_breakers')))
    assert.ok(broken.includes('sallyport_policies{mode="enforce"} 2'))
  })

  it('forget at the next scrape what is gone', async () => {
    const metrics = createMetrics('1')
    let hash = 'old'
    metrics.watch({ name: 'policy_info', help: 'Hash.', kind: 'gauge', labels: ['hash'] }, () => [{ labels: { hash }, value: 1 }])
    await metrics.text()
    hash = 'new'
    assert.deepEqual((await metrics.text()).match(/^policy_info.*$/gm), ['policy_info{hash="new"} 1'])
  })

  it('cost one look at the spool per scrape', async () => {
    let looks = 0
    const spool: Readings['spool'] = async () => {
      looks++
      return READINGS.spool()
    }
    await lines({ ...READINGS, spool })
    assert.equal(looks, 1)
  })

  it('are looked up again after a failure', async () => {
    const answers = [Promise.reject<number>(new Error('busy')), Promise.resolve(1)]
    const read = shared(() => answers.shift()!)
    await assert.rejects(read())
    assert.equal(await read(), 1)
  })
})
