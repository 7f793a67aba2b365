// A stream that a policy holds until it is judged whole is a stream all the same: its client hears that somebody is there, and what it costs is
// booked and covered while it comes, however it ends.
import assert from 'node:assert/strict'
import { baseConfig, eventually, startGateway, type Row, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, user } from '../support/chat.ts'
import { chunks, dieAfter, hangAfter, raw, startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

const POLICY = `module held
import standard.detectors as std

policy held.accounts "No account numbers in answers, judged whole" {
  on response
  when completion contains std.iban
  deny "held.iban"
}
policy held.tokens "Five hundred tokens a day for some" {
  on    request
  when  feature.name == "little"
  limit tokens to 500 per day by tenant.id
}
`
const IBAN = 'DE89 3704 0044 0532 0130 00'
/** Some 250 tokens. */
const PIECE = 'ordinary words of no meaning '.repeat(35)
const said = (content: string, finish: string | null = null): object => ({
  choices: [{ index: 0, delta: finish ? {} : { content }, finish_reason: finish }],
})
const event = (payload: object): string => `data: ${JSON.stringify(payload)}\n\n`

describe('a stream that a policy holds', function () {
  this.timeout(180_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const base = baseConfig(upstream.url)
    gateway = await startGateway({
      recorder: true,
      policies: { 'held.policy': POLICY },
      config: {
        ...base,
        server: { port: 0, streamHeaderAfterMs: 50 },
        features: [{ name: 'little' }],
        plugins: { failover: { attempts: 1 } },
      },
    })
    key = await gateway.key()
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const ask = (options: { signal?: AbortSignal; feature?: string } = {}): Promise<Response> => {
    const headers: { [name: string]: string } = options.feature === undefined ? {} : { 'x-sallyport-feature': options.feature }
    return postChat(gateway, key, { ...user('hi'), stream: true }, { headers, ...(options.signal ? { signal: options.signal } : {}) })
  }
  const rowOf = async (id: string): Promise<Row> =>
    eventually(async (saw) => saw(await gateway.sql(`SELECT * FROM requests WHERE request_id = '${id}'`))[0])

  /** Reads until `pattern` has come; gives what came, and reads the rest when it is asked for. */
  async function readUntil(response: Response, pattern: RegExp): Promise<{ readonly rest: () => Promise<string> }> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    const more = async (): Promise<boolean> => {
      const { value, done } = await reader.read()
      seen += value ?? ''
      return !done
    }
    while (!pattern.test(seen)) assert.ok(await more(), seen)
    const rest = async (): Promise<string> => {
      while (await more());
      return seen
    }
    return { rest }
  }

  for (const [title, last, ending] of [
    ['hears from the gateway while it waits, and reads its answer', 'soon', /"content":"[^"]*soon"[^]*\[DONE\]/],
    ['is told in its stream when that is refused', IBAN, /event: error|"error":\{[^]*held\.iban/],
  ] as const)
    it(`has a client that ${title}`, async () => {
      const { promise: heard, resolve } = Promise.withResolvers<void>()
      upstream.next(raw([event(said('words ')), { bytes: event(said(last)), after: heard }, event(said('', 'stop')), 'data: [DONE]\n\n']))
      const response = await ask()
      assert.equal(response.status, 200)
      const { rest } = await readUntil(response, /: keep-alive\n\n: keep-alive/)
      resolve()
      const all = await rest()
      assert.match(all, ending)
      assert.ok(!all.includes(IBAN), all)
      if (last === IBAN) assert.ok(!all.includes('words') && !all.includes('[DONE]'), all)
    })

  it('costs a client that leaves what was said until then', async () => {
    upstream.next(hangAfter(2, { pieces: [PIECE, PIECE, PIECE] }))
    const leave = new AbortController()
    const response = await ask({ signal: leave.signal })
    const { rest } = await readUntil(response, /: keep-alive/)
    leave.abort()
    await assert.rejects(rest())
    assert.equal(await (await upstream.call(0)).closed, 'client_left')
    const row = await rowOf(response.headers.get('x-request-id')!)
    assert.deepEqual([row['outcome'], row['usage_source'], row['status']], ['aborted', 'estimated_on_abort', 499])
    assert.ok(Number(row['completion_tokens']) >= 200, JSON.stringify(row))
  })

  it('costs what was said when the provider breaks it off', async () => {
    upstream.next(dieAfter(2, { pieces: [PIECE, PIECE, PIECE] }))
    const response = await ask()
    const body = await response.text()
    assert.ok(!body.includes('ordinary'), body)
    const row = await rowOf(response.headers.get('x-request-id')!)
    assert.deepEqual([row['outcome'], row['usage_source']], ['failed', 'estimated'])
    assert.ok(Number(row['completion_tokens']) >= 200, JSON.stringify(row))
  })

  it('is ended where its limit is, not when it has been said to its end', async () => {
    // The provider goes on until somebody stops it.
    upstream.next(hangAfter(20, { pieces: Array.from({ length: 21 }, () => PIECE) }))
    const response = await ask({ feature: 'little' })
    if (response.status === 200) assert.match(await response.text(), /quota_exceeded/)
    else assert.deepEqual([response.status, await errorCode(response)], [429, 'quota_exceeded'])
    assert.equal(await (await upstream.call(0)).closed, 'client_left')
  })

  it('passes when it is covered', async () => {
    upstream.next(chunks([said(PIECE), said('end'), said('', 'stop')]))
    assert.match(await (await ask()).text(), /end[^]*\[DONE\]/)
  })
})
