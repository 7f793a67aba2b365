// Log and metrics as their readers meet them.
import assert from 'node:assert/strict'
import { createLog, readable } from '../../../core/telemetry/log.ts'
import { createMetrics, type ExchangeEnd } from '../../../core/telemetry/metrics.ts'

const END: ExchangeEnd = {
  endpoint: 'chat.completions',
  status: 200,
  outcome: 'completed',
  streamed: true,
  provider: 'openai',
  model: 'gpt "x"',
  latencyMs: 40,
  ttftMs: 12,
  overheadUs: 90,
  promptTokens: 7,
  completionTokens: 3,
  attempts: 2,
}

describe('log', () => {
  const written = (act: (log: ReturnType<typeof createLog>) => void, level = 'info'): string => {
    let text = ''
    act(createLog(level, null, { write: (line) => void (text += line) }))
    return text
  }

  it('writes one JSON object per line with level, time and message', () => {
    const line = JSON.parse(written((log) => log.warn({ plugin: 'quota' }, 'nearly full'))) as { [key: string]: unknown }
    assert.deepEqual([line['level'], line['plugin'], line['msg']], ['warn', 'quota', 'nearly full'])
    assert.ok(!Number.isNaN(Date.parse(String(line['time']))))
  })

  it('removes keys and bearer headers wherever they stand', () => {
    const key = 'sp_live_abcdefghij_0123456789012345678901234567890ab123456'
    const text = written((log) => {
      log.error({ err: new Error(`upstream said: bad key sk-proj-abcdefghijklmnop1234`) }, `refused ${key}`)
      log.info({ headers: { authorization: 'Bearer abc.def' }, deep: { note: 'Authorization: Bearer zzz.yyy' } }, 'in')
      log.info({ password: 'hunter2' }, 'db')
    })
    assert.doesNotMatch(text, /sp_live_a|abcdefghijklmnop1234|abc\.def|zzz\.yyy|hunter2/)
    for (const line of text.trimEnd().split('\n')) assert.doesNotThrow(() => JSON.parse(line) as unknown, line)
  })

  it('keeps quiet below its level', () => {
    assert.equal(
      written((log) => log.info({}, 'x'), 'warn'),
      '',
    )
  })

  it('reads as a sentence on a terminal', () => {
    const line = readable('{"level":"info","time":"2026-01-01T12:34:56.000Z","generation":2,"msg":"reloaded"}\n')
    assert.match(line, /^12:34:56 .*info .* reloaded generation=2\n$/)
  })
})

describe('metrics', () => {
  it('counts exchanges, attempts and tokens by target', async () => {
    const metrics = createMetrics('1.2.3')
    for (let i = 0; i < 3; i++) metrics.exchangeEnded(END)
    metrics.exchangeEnded({ ...END, status: 403, outcome: 'refused', provider: '', model: '', streamed: false })
    const text = await metrics.text()
    for (const line of [
      'sallyport_build_info{version="1.2.3"} 1',
      'sallyport_requests_total{endpoint="chat.completions",status="200",outcome="completed"} 3',
      'sallyport_requests_total{endpoint="chat.completions",status="403",outcome="refused"} 1',
      'sallyport_upstream_attempts_total{provider="openai",model="gpt \\"x\\""} 6',
      'sallyport_tokens_total{provider="openai",model="gpt \\"x\\"",kind="input"} 21',
      'sallyport_request_duration_seconds_bucket{endpoint="chat.completions",streamed="true",le="0.025"} 0',
      'sallyport_request_duration_seconds_bucket{endpoint="chat.completions",streamed="true",le="0.05"} 3',
      'sallyport_request_duration_seconds_bucket{endpoint="chat.completions",streamed="true",le="+Inf"} 3',
      'gen_ai_server_time_to_first_token_seconds_count{provider="openai",model="gpt \\"x\\""} 3',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line}\n${text}`)
    }
  })

  it('says the same at the second scrape', async () => {
    const metrics = createMetrics('1')
    metrics.exchangeEnded(END)
    metrics.watch({ name: 'sallyport_lost_frames_total', help: 'Frames lost.', kind: 'counter' }, () => [{ value: 4 }])
    const own = (text: string): string =>
      text
        .split('\n')
        .filter((line) => line.startsWith('sallyport_'))
        .join('\n')
    const first = own(await metrics.text())
    assert.equal(own(await metrics.text()), first)
    assert.match(first, /sallyport_lost_frames_total 4/)
  })
})
