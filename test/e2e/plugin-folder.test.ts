// A plugin that lies outside the repository: its noun, verb and check in a policy, their effect on a request, and what a reload does with it.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { baseConfig, eventually, runCli, startGateway, type RunningGateway } from '../support/gateway.ts'
import { errorCode, postChat, user } from '../support/chat.ts'
import { ROOT } from '../support/copy.ts'
import { runWarmCli } from '../support/warm.ts'
import { startUpstream, type UpstreamServer } from '../support/upstream/index.ts'

const PLUGIN = (phrase = 'stamp <mark:text>', verb = 'stamp', more = ''): string => `import { isEven } from './even.ts'
import type { Plugin } from 'sallyport/plugin'

const plugin: Plugin<{ readonly sites: { readonly [tenant: string]: string } }> = {
  name: 'sites',
  apiVersion: 1,
  summary: 'Where a tenant sits.',
  config: { type: 'object', properties: { sites: { type: 'object', default: {} } } },
  vocabulary: ({ sites }) => ({
    attributes: [{
      name: 'site.name', type: { kind: 'text' }, optional: true, phase: 'request', source: 'proved', lifetime: 'principal', cost: 'free',
      doc: 'The site of the tenant.', resolve: ({ tenant }) => sites[tenant.id] ?? null,
    }],
    verbs: [{
      phrase: '${phrase}', use: 'effect', phases: ['request'], join: { kind: 'union' }, aliases: [], protects: false, doc: 'Stamps ${verb}.',
      acts: 'outgoing', change: (_, calls) => ({ headers: { 'x-stamp': calls.map(({ operands }) => operands.mark).join() + '${more}' } }),
    }],
    checks: [{ name: 'even', doc: 'An even number.', test: isEven }],
  }),
  setup: () => ({}),
  onFailure: {},
  budgetMs: {},
}
export default plugin
`
const EVEN = 'export const isEven = (match: string): boolean => Number(match.replace(/\\D/g, "")) % 2 === 0\n'
const POLICY = `module acme.sites
detector site_number {
  pattern  /\\bsite-\\d{4}\\b/
  check    even
  examples "site-1230"
  never    "site-1231"
}
policy acme.stamped "Requests of Berlin carry its stamp" {
  on    request
  when  site.name == "berlin"
  stamp "made in Berlin"
}
policy acme.no_sites "Sites are not talked about" {
  on    request
  when  prompt contains site_number
  deny  "acme.site_number"
}
test "Berlin stamps" {
  given  site.name = "berlin"
  expect stamp "made in Berlin"
}
test "an odd number is no site" {
  message user "site-1231"
  expect policy acme.no_sites silent
}
`

describe('a plugin from a folder outside the repository', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let folder: string
  let key: string

  const write = (files: { readonly [name: string]: string }): void => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'sites', name), text)
  }
  const config = (more: object = {}): { readonly [key: string]: unknown } => ({
    ...baseConfig(upstream.url),
    pluginPaths: ['./sites'],
    plugins: { sites: { sites: { acme: 'berlin' } } },
    ...more,
  })

  before(async () => {
    upstream = await startUpstream()
    folder = mkdtempSync(join(tmpdir(), 'sallyport-plugin-'))
    mkdirSync(join(folder, 'sites'))
    write({
      'package.json': '{ "type": "module", "main": "index.ts", "sallyport": { "apiVersion": 1 } }',
      'index.ts': PLUGIN(),
      'even.ts': EVEN,
    })
    gateway = await startGateway({ folder, config: config(), policies: { 'sites.policy': POLICY } })
    key = await gateway.key()
  })
  after(async () => {
    await gateway?.remove()
    await upstream.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const send = async (text: string): Promise<Response> => postChat(gateway, key, user(text))
  const generation = async (): Promise<{ readonly generation: number; readonly last_error: string | null }> =>
    (await (await gateway.admin('/policies')).json()) as { generation: number; last_error: string | null }

  it('reads its noun and enacts its verb', async () => {
    assert.equal((await send('hello')).status, 200)
    assert.equal(upstream.calls.at(-1)!.headers['x-stamp'], 'made in Berlin')
  })

  it('asks its check', async () => {
    assert.equal((await send('site-1235')).status, 200)
    const refused = await send('site-1234')
    assert.deepEqual([refused.status, await errorCode(refused)], [403, 'policy_denied'])
  })

  it('is known to the commands that get the configuration, and to no others', async () => {
    const path = join(folder, 'policies')
    const place = ['--config', join(folder, 'sallyport.yaml')]
    assert.match(await runWarmCli(['policy', 'check', path, ...place], { cwd: folder }), /2 policies checked/)
    assert.match(await runWarmCli(['policy', 'test', path, ...place], { cwd: folder }), /2 passed, 0 failed/)
    assert.match(await gateway.cli('doctor'), /plugins .*sites/)
    await assert.rejects(runWarmCli(['policy', 'check', path], { cwd: folder }), (error: { code: number; stdout: string }) => {
      assert.match(error.stdout, /P104[\s\S]*P106/)
      return error.code === 1
    })
  })

  it('takes over when a file of the folder changes', async () => {
    const before = (await generation()).generation
    write({ 'even.ts': EVEN.replace('% 2', '% 5') })
    await eventually(async () => (await generation()).generation > before)
    assert.equal((await send('site-1234')).status, 200)
    assert.equal((await send('site-1235')).status, 403)
  })

  it('changes nothing when it can no longer be loaded, or no longer brings what policies say', async () => {
    for (const [text, says] of [
      ['throw new Error("out of ink")\nexport {}', /pluginPaths\[0\]: \.\/sites: cannot be imported: out of ink/],
      [PLUGIN('imprint <mark:text>', 'imprint'), /P106/],
      [PLUGIN('redact <mark:text>'), /plugins pii and sites: .* begin alike/],
      [PLUGIN('when <mark:text>'), /plugin sites: the verb `when` is a reserved word/],
      [PLUGIN('stamp <mark:text> with route <note:text>'), /plugins sites and routing: `route` is a word in .* and a verb/],
    ] as const) {
      write({ 'index.ts': text })
      await eventually(async () => says.test((await generation()).last_error ?? ''))
      assert.equal((await send('hello')).status, 200)
      assert.equal(upstream.calls.at(-1)!.headers['x-stamp'], 'made in Berlin')
    }
  })

  it('takes over again once it is mended', async () => {
    write({ 'index.ts': PLUGIN('stamp <mark:text>', 'stamp', '!') })
    await eventually(async () => (await generation()).last_error === null)
    await send('hello')
    assert.equal(upstream.calls.at(-1)!.headers['x-stamp'], 'made in Berlin!')
  })

  for (const [title, phrase, says] of [
    [
      'begins like a phrase of another plugin',
      'redact <mark:text>',
      /plugins pii and sites: `redact .*` and `redact <mark:text>` begin alike/,
    ],
    ['is a reserved word', 'when <mark:text>', /plugin sites: the verb `when` is a reserved word/],
    [
      "has a word that is another plugin's verb",
      'stamp <mark:text> with route <note:text>',
      /plugins sites and routing: `route` is a word in/,
    ],
    ['is no template', 'stamp <te xt>', /plugin sites: template `stamp <te xt>`/],
  ] as const) {
    it(`does not start with a verb that ${title}`, async () => {
      write({ 'index.ts': PLUGIN(phrase) })
      const path = join(folder, 'clash.yaml')
      writeFileSync(path, JSON.stringify(config({ policies: { paths: [] }, state: { driver: 'embedded', path: './other/state' } })))
      await assert.rejects(
        runCli(['serve', '--no-recorder', '--port', '0', '--config', path], { cwd: folder }),
        (error: { code: number; stderr: string }) => {
          assert.match(error.stderr, says)
          return error.code === 1
        },
      )
    })
  }
})

describe('examples/plugins/cost-centers', function () {
  this.timeout(120_000)
  const EXAMPLE = join(ROOT, 'examples/plugins/cost-centers')
  let upstream: UpstreamServer
  let gateway: RunningGateway

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({
      config: {
        ...baseConfig(upstream.url),
        pluginPaths: [EXAMPLE],
        plugins: { 'cost-centers': { tenants: { acme: 'CC-4711-3' } } },
        policies: { standard: true, paths: [join(EXAMPLE, 'policies')] },
      },
    })
  })
  after(async () => {
    await gateway?.remove()
    await upstream.close()
  })

  it('charges the cost centre of the tenant, and keeps cost centres out of prompts', async () => {
    const key = await gateway.key()
    assert.equal((await postChat(gateway, key, user('hello'))).status, 200)
    assert.equal(upstream.calls.at(-1)!.headers['x-cost-center'], 'CC-4711-3')
    assert.equal((await postChat(gateway, key, user('book it on CC-4711-3'))).status, 403)
    assert.equal((await postChat(gateway, key, user('book it on CC-4711-4'))).status, 200)
  })

  it('has policies that check and whose tests pass', async () => {
    // As a process of its own once: what its commands need, they find.
    assert.match(await gateway.cli('policy', 'check', join(EXAMPLE, 'policies')), /2 policies checked/)
    assert.match(
      await runWarmCli(['policy', 'test', join(EXAMPLE, 'policies'), '--config', join(gateway.folder, 'sallyport.yaml')], {
        cwd: gateway.folder,
      }),
      /4 passed, 0 failed/,
    )
  })

  it('refuses a block that is wrong, with the path', async () => {
    const path = join(gateway.folder, 'wrong.yaml')
    const plugins = { 'cost-centers': { tenants: { acme: 'nobody' } } }
    writeFileSync(path, JSON.stringify({ ...baseConfig(upstream.url), pluginPaths: [EXAMPLE], plugins }))
    await assert.rejects(
      runWarmCli(['policy', 'check', join(EXAMPLE, 'policies'), '--config', path], { cwd: gateway.folder }),
      (error: { stderr: string }) => {
        assert.match(error.stderr, /plugins\.cost-centers\.tenants\.acme: must match pattern/)
        return true
      },
    )
  })
})
