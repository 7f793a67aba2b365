// Every example of docs/quotas.md is used: its configuration and its policies start a gateway, and its commands and calls are made on it.
import assert from 'node:assert/strict'
import { blocksOf } from '../support/docs.ts'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { openPolicySet, runPolicyTests } from '../../core/policy/toolbox.ts'
import { join } from 'node:path'
import { parse } from 'yaml'
import { PLUGINS } from '../../core/plugins.ts'

const PAGE = 'docs/quotas.md'

type Loose = ReturnType<typeof JSON.parse>

describe(PAGE, function () {
  this.timeout(120_000)
  let gateway: RunningGateway
  const blocks = blocksOf(PAGE)
  const of = (language: string): typeof blocks => blocks.filter((block) => block.language === language)

  before(async () => {
    const config = Object.assign(baseConfig('http://127.0.0.1:9'), ...of('yaml').map(({ text }) => parse(text) as object))
    const policies = Object.fromEntries(of('policy').map(({ info, text }) => [info[0]!, text]))
    gateway = await startGateway({ config, policies })
  })
  after(() => gateway.remove())

  it('has policies without a warning, whose tests pass', async () => {
    const set = openPolicySet([join(gateway.folder, 'policies')], PLUGINS)
    assert.deepEqual(set.diagnostics, [])
    const results = await runPolicyTests(set.bundle!, set.tests, set.words)
    assert.deepEqual([results.length > 0, results.filter(({ failures }) => failures.length > 0)], [true, []])
  })
  it('has commands that do what they say', async () => {
    const commands = of('sh').flatMap(({ text }) => text.trim().split('\n'))
    assert.equal(commands.length, 3)
    for (const command of commands) {
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
      assert.equal(words[0], 'sallyport')
      await gateway.cli(...words.slice(1), '--url', gateway.url)
    }
    assert.match(await gateway.cli('quotas', 'list', '--raises', '--url', gateway.url), /launch day/)
  })
  it('has calls that are answered as it says', async () => {
    const calls = of('json')
    for (let i = 0; i < calls.length; i += 2) {
      const [method, path] = calls[i]!.info as [string, string]
      const response = await gateway.admin(path, { method, body: calls[i]!.text })
      assert.equal(String(response.status), calls[i + 1]!.info[0])
      const answer = (await response.json()) as Loose
      for (const [name, value] of Object.entries(JSON.parse(calls[i + 1]!.text) as Loose)) assert.deepEqual(answer[name], value, name)
    }
    assert.ok(calls.length >= 2)
  })
})
