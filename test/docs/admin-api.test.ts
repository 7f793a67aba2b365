// Every example of docs/admin-api.md is sent to a running gateway, and answered as the page says.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { blocksOf } from '../support/docs.ts'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'

const PAGE = 'docs/admin-api.md'

type Loose = ReturnType<typeof JSON.parse>

describe(PAGE, function () {
  this.timeout(120_000)
  let gateway: RunningGateway

  before(async () => {
    gateway = await startGateway({ config: { ...baseConfig('http://127.0.0.1:9'), features: [{ name: 'support' }] } })
  })
  after(() => gateway.remove())

  const blocks = blocksOf(PAGE).filter(({ language }) => language === 'json')
  /** Of the key that the page made first; its examples speak of it as `{id}`. */
  let id = ''
  for (const [i, block] of blocks.entries()) {
    const [what, method = 'POST', path = '/policies/preview'] = block.info
    if (what !== 'request') continue
    const { info, text } = blocks[i + 1]!
    const [kind, status = kind === 'error' ? '400' : '200'] = info
    it(`answers the example of line ${block.line}`, async () => {
      const response = await gateway.admin(path.replace('{id}', id), { method, body: block.text })
      const body = (await response.json()) as Loose
      if (id === '' && path === '/keys') id = body.id
      assert.equal(response.status, Number(status), JSON.stringify(body))
      holds(body, JSON.parse(text), '$')
    })
  }

  it('lists endpoints that are there, and answers the call of the introduction', async () => {
    const page = readFileSync(PAGE, 'utf8')
    const endpoints = [...page.matchAll(/^\| `(GET|POST) \/admin\/v1(\S+)` \|/gm)].map(([, method, path]) => [method!, path!] as const)
    assert.ok(endpoints.length >= 4)
    const body = /-d '(.*)'$/m.exec(page)![1]!
    // The token's end would end this test.
    for (const [method, path] of endpoints.filter(([, path]) => path !== '/token/rotate'))
      assert.equal((await gateway.admin(path, method === 'GET' ? {} : { method, body })).status, 200, `${method} ${path}`)
  })

  it('makes a token for a person, and the hash that proves it', () => {
    const command = blocksOf(PAGE).find(({ text }) => text.includes('openssl'))!.text
    const [token, hash] = execFileSync('bash', ['-c', command], { encoding: 'utf8' }).split('\n')
    assert.match(token!, /^[0-9a-f]{64}$/)
    assert.equal(hash!.split(' ')[0], createHash('sha256').update(token!).digest('hex'))
  })

  it('has an answer to each request, and no more', () => {
    assert.deepEqual(
      blocks.map(({ info }) => info[0] === 'request'),
      blocks.map((_, i) => i % 2 === 0),
    )
  })
})

/** All that the page says is so; what it leaves out is not compared. */
function holds(actual: Loose, expected: Loose, path: string): void {
  if (typeof expected !== 'object' || expected === null) return assert.equal(actual, expected, path)
  if (Array.isArray(expected)) assert.equal(actual.length, expected.length, `${path}: ${JSON.stringify(actual)}`)
  for (const name of Object.keys(expected)) holds(actual?.[name], expected[name], `${path}.${name}`)
}
