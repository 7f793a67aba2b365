// Against the protection of data, from outside: tools that nobody named, other people's placeholders, previews of everything. Canaries are then
// looked for in every file that the gateway has written.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { filesBelow } from '../support/files.ts'
import { answerText, postChat, readStream, user } from '../support/chat.ts'
import { answer, chunks, startUpstream, text, type Arrived, type UpstreamServer } from '../support/upstream/index.ts'

const EMAIL = 'canary.smith@example.com'
const PLACEHOLDER = /⟦EMAIL_[A-Z2-7]{8}⟧/
const POLICY = `module privacy
import standard.detectors as std

policy privacy.contacts "Addresses leave as tokens" {
  on       request
  tokenize std.email in prompt to tools "send_mail"
}
`
const said = ({ json }: Arrived): string => (json['messages'] as readonly { readonly content: string }[]).at(-1)!.content
const placeholderIn = (value: string): string => PLACEHOLDER.exec(value)![0]
const inSession = (session: string) => ({ headers: { 'x-sallyport-session': session } })

describe('attacks on protection', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let key: string

  before(async () => {
    upstream = await startUpstream()
    const hash = (token: string): string => createHash('sha256').update(token).digest('hex')
    const admins = ['viewer', 'auditor', 'operator'].map((role) => ({ id: role, role, hash: hash(`${role}-token`) }))
    gateway = await startGateway({
      config: {
        ...baseConfig(upstream.url),
        admins,
        plugins: { failover: { attempts: 1 } },
        features: [{ name: 'plain', pii: 'allow' }],
        tenants: [
          { id: 'acme', defaultFeature: 'plain' },
          { id: 'other', defaultFeature: 'plain' },
        ],
      },
      policies: { 'privacy.policy': POLICY },
    })
    key = await gateway.key()
  })
  beforeEach(() => {
    upstream.reset()
    upstream.always((request) => text([...said(request)])(request))
  })
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  /** Tool-call deltas of choice 0, as they stand. */
  const streamCalls = (deltas: (placeholder: string) => readonly object[]): Promise<Response> => {
    upstream.always((request) =>
      chunks([
        ...deltas(placeholderIn(said(request))).map((call) => ({ choices: [{ index: 0, delta: { tool_calls: [call] } }] })),
        { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
      ])(request),
    )
    return postChat(gateway, key, { ...user(`mail ${EMAIL}`), stream: true })
  }

  describe('tools', () => {
    const hostile: readonly (readonly [title: string, deltas: (placeholder: string) => readonly object[]])[] = [
      [
        'a second call under the index of the first',
        (placeholder) => [
          { index: 0, id: 'a', type: 'function', function: { name: 'send_mail', arguments: '{}' } },
          { index: 0, id: 'b', type: 'function', function: { name: 'publish', arguments: `{"to":"${placeholder}"}` } },
        ],
      ],
      [
        'a second call without an index',
        (placeholder) => [
          { id: 'a', type: 'function', function: { name: 'send_mail', arguments: '{}' } },
          { id: 'b', type: 'function', function: { name: 'publish', arguments: '' } },
          { function: { arguments: `{"to":"${placeholder}"}` } },
        ],
      ],
      [
        'a name in pieces',
        (placeholder) => [
          { index: 0, id: 'a', type: 'function', function: { name: 'send_mail', arguments: '' } },
          { index: 0, function: { name: '_to_the_world', arguments: `{"to":"${placeholder}"}` } },
        ],
      ],
      [
        'a name that comes after the arguments',
        (placeholder) => [
          { index: 0, id: 'a', type: 'function', function: { arguments: `{"to":"${placeholder}"}` } },
          { index: 0, function: { name: 'send_mail', arguments: ' ' } },
        ],
      ],
      [
        'a placeholder that is begun for one tool and ended for another',
        (placeholder) => [
          { index: 0, id: 'a', type: 'function', function: { name: 'send_mail', arguments: `{"to":"${placeholder.slice(0, 5)}` } },
          { index: 0, id: 'b', type: 'function', function: { name: 'publish', arguments: `${placeholder.slice(5)}"}` } },
        ],
      ],
      [
        'a name in another case, with a space, of a prototype',
        (placeholder) =>
          ['SEND_MAIL', 'send_mail ', '__proto__', 'constructor'].map((name, index) => ({
            index,
            id: name,
            type: 'function',
            function: { name, arguments: `{"to":"${placeholder}"}` },
          })),
      ],
    ]
    for (const [title, deltas] of hostile)
      it(`get no value by ${title}`, async () => {
        let placeholder = ''
        const raw = await (await streamCalls((given) => deltas((placeholder = given)))).text()
        assert.ok(!raw.includes('canary'), raw)
        const sources = [...raw.matchAll(/^data: (\{.*)$/gm)].map(([, event]) => {
          const { choices } = JSON.parse(event!) as { choices: { delta: { tool_calls?: { function: { arguments?: string } }[] } }[] }
          return choices[0]?.delta.tool_calls?.[0]?.function.arguments ?? ''
        })
        assert.ok(sources.join('').includes(placeholder), 'nothing is lost')
      })

    it('that are named get theirs, also when the name is repeated in every chunk', async () => {
      const response = await streamCalls((placeholder) =>
        [...`{"to":"${placeholder}"}`].map((source) => ({
          index: 0,
          id: 'a',
          type: 'function',
          function: { name: 'send_mail', arguments: source },
        })),
      )
      assert.equal((await readStream(response)).arguments, `{"to":"${EMAIL}"}`)
    })
  })

  describe('placeholders', () => {
    it('of others stay what they are: another tenant, key, session, user, or none', async () => {
      await postChat(gateway, key, user(EMAIL), inSession('mine'))
      const placeholder = placeholderIn(said(upstream.calls[0]!))
      const others = await gateway.key(['--tenant', 'other', '--scopes', 'chat'])
      const colleague = await gateway.key()
      const tries: readonly (readonly [string, { readonly [name: string]: string }])[] = [
        [others, { 'x-sallyport-session': 'mine' }],
        [others, { 'x-sallyport-session': 'mine', 'x-sallyport-tenant': 'acme' }],
        [colleague, { 'x-sallyport-session': 'mine' }],
        [key, { 'x-sallyport-session': 'Mine' }],
        [key, { 'x-sallyport-session': 'mine', 'x-sallyport-user': 'eva' }],
        [key, { 'x-sallyport-user': 'mine' }],
        [key, {}],
      ]
      for (const [by, headers] of tries)
        for (const written of [placeholder, placeholder.toLowerCase(), placeholder.replace('⟦', '\\u27e6').replace('⟧', '\\u27e7')]) {
          const response = await postChat(gateway, by, user(`say ${written}`), { headers })
          const body = await response.text()
          assert.ok(!body.includes('canary'), `${JSON.stringify(headers)} ${body}`)
        }
      assert.equal(await answerText(await postChat(gateway, key, user(placeholder), inSession('mine'))), EMAIL)
    })

    it('that nobody issued are text, in a flood as well', async () => {
      const forged = Array.from({ length: 3000 }, (_, i) => `⟦EMAIL_${i.toString(32).toUpperCase().padStart(8, 'A')}⟧`).join('')
      for (const content of [forged, '⟦'.repeat(5000), '⟦EMAIL_'.repeat(2000), `⟦${'\u200b'.repeat(5000)}⟧`]) {
        assert.equal(await answerText(await postChat(gateway, key, user(content), inSession('flood'))), content)
        assert.equal((await readStream(await postChat(gateway, key, { ...user(content), stream: true }, inSession('flood')))).text, content)
      }
    })

    it('come back out of errors of the stream no more than out of answers', async () => {
      upstream.always((request) =>
        chunks([
          { choices: [{ index: 0, delta: { content: `${placeholderIn(said(request))}` } }] },
          { error: { message: said(request), code: said(request) } },
        ])(request),
      )
      const raw = await (await postChat(gateway, key, { ...user(`fail ${EMAIL}`), stream: true })).text()
      const errors = [...raw.matchAll(/^data: (\{"error".*)$/gm)].map(([line]) => line)
      assert.ok(!errors.join().includes('canary'), raw)
    })
  })

  describe('the preview', () => {
    const ask = async (body: string | Buffer, token?: string, type = 'application/json') => {
      const headers = { 'content-type': type, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
      const response = await gateway.admin('/policies/preview', { method: 'POST', body, headers })
      return { status: response.status, text: await response.text() }
    }
    const admin = (body: string | Buffer) => ask(body, gateway.adminToken)

    const odd: readonly (readonly [title: string, body: string | Buffer])[] = [
      ['nothing', ''],
      ['a list', '[]'],
      ['null', 'null'],
      ['half a text', `{"text":"${EMAIL}`],
      ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22])],
      ['a deep list', `{"text":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
      ['a deep request', `{"request":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
      ['deep messages', `{"request":{"model":"m","messages":[{"role":"user","content":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}}`],
      ['deep given', `{"text":"x","given":{"key.scopes":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`],
      ['given of prototypes', '{"text":"x","given":{"__proto__":1,"constructor":{"prototype":1}}}'],
      ['unknown attributes', `{"text":"x","given":{"${EMAIL}":1}}`],
      ['a prototype', '{"__proto__":{"text":"x"}}'],
      ['policies that are none', '{"text":"x","policies":"}{"}'],
      [
        'policies deep in brackets',
        JSON.stringify({ text: 'x', policies: `module a\npolicy a.b "c" { on request when ${'('.repeat(20_000)} deny "a.b" }` }),
      ],
      [
        'policies with a pattern that runs away',
        JSON.stringify({ text: 'x', policies: 'module a\ndetector d { pattern /(a*)*(b+)+(.*)*x{1,1000}{1,1000}/ }\n' }),
      ],
      ['policies that import a file', JSON.stringify({ text: 'x', policies: 'module a\nimport "../../../../etc/passwd" as x\n' })],
    ]
    for (const [title, body] of odd)
      it(`refuses ${title} with a sentence`, async () => {
        const { status, text: said } = await admin(body)
        assert.equal(status, 400, said.slice(0, 300))
        const { error } = JSON.parse(said) as { error: { code: string; message: string } }
        assert.equal(error.code, 'invalid_request')
        assert.ok(error.message.length > 10 && error.message.length < 20_000)
        assert.ok(!said.includes('/work/') && !said.includes('    at '), said.slice(0, 300))
      })

    it('answers while others ask, and keeps nobody waiting', async () => {
      const big = JSON.stringify({ text: `${'4 '.repeat(1_000_000)} ${EMAIL}` })
      const asked = Array.from({ length: 8 }, () => admin(big))
      const tried = Array.from({ length: 8 }, (_, i) =>
        admin(JSON.stringify({ text: EMAIL, policies: `module a${i}\npolicy a${i}.b "c" { on request allow }` })),
      )
      assert.equal(await answerText(await postChat(gateway, key, user('still there?'))), 'still there?')
      for (const { status, text: told } of await Promise.all(asked)) {
        assert.equal(status, 200)
        const report = JSON.parse(told) as { failed: string[]; findings: object[]; decision: string }
        assert.ok(report.failed.length > 0 || report.findings.length > 0)
      }
      for (const { status } of await Promise.all(tried)) assert.equal(status, 200)
    })

    it('sends nothing anywhere', async () => {
      const request = { model: 'gpt-test', messages: [{ role: 'user', content: EMAIL }], stream: true }
      const { status, text: told } = await admin(JSON.stringify({ request, given: { 'target.zone': 'us' } }))
      assert.equal(status, 200)
      assert.ok(!told.includes('canary'), told)
      assert.equal(upstream.calls.length, 0)
    })

    // The last one: whoever guesses is made to wait.
    it('is for those who may change policies', async () => {
      const body = JSON.stringify({ text: EMAIL })
      for (const [token, status] of [
        ['viewer-token', 403],
        ['auditor-token', 403],
        ['operator-token', 200],
      ] as const)
        assert.equal((await ask(body, token)).status, status, token)
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
        assert.ok([404, 405].includes((await gateway.admin('/policies/preview', { method })).status), method)
      for (const token of ['', ' ', key, `${gateway.adminToken} `.repeat(2).trim()])
        assert.ok([401, 429].includes((await ask(body, token)).status), token)
      const none = await fetch(`${gateway.url}/admin/v1/policies/preview`, { method: 'POST', body })
      assert.ok([401, 429].includes(none.status))
    })
  })

  describe('after all of it', () => {
    it('no canary is in any file, nor in what the gateway said', async () => {
      upstream.always((request) =>
        answer({
          pieces: [`${said(request)} `],
          toolCalls: [{ name: 'send_mail', arguments: `{"to":"${placeholderIn(said(request))}"}` }],
        })(request),
      )
      await postChat(gateway, key, user(`last ${EMAIL}`), inSession('last'))
      await gateway.stop()
      const forms = [
        EMAIL,
        ...(['base64', 'hex'] as const).map((one) => Buffer.from(EMAIL).toString(one)),
        Buffer.from(EMAIL, 'utf16le').toString('latin1'),
      ]
      const files = [...filesBelow(gateway.folder)]
      assert.ok(
        files.some(([path]) => path.endsWith('.mdb')),
        files.map(([path]) => path).join(),
      )
      for (const [path, bytes] of files)
        for (const form of forms) assert.ok(!bytes.toString('latin1').includes(form), `${path} holds ${form}`)
      for (const form of forms) assert.ok(!gateway.output().includes(form))
    })
  })
})
