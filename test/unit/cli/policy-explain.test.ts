// `policy explain`: every phase, every part of a condition with its value, and values that are held against their types.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { explainRequest, type Explanation } from '../../../core/cli/policy-explain.ts'
import { GivenError } from '../../../core/policy/given.ts'
import { openPolicySet } from '../../../core/policy/toolbox.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { runWarmCli } from '../../support/warm.ts'
import { showExplanation } from '../../../core/cli/policy-explain-show.ts'

const POLICIES = `module acme.x
import standard.detectors as std

policy acme.x.open "Who may" {
  on       request
  when     key.scopes has "chat"
  allow
}
policy acme.x.mail "Addresses in Europe" {
  on       request
  when     tenant.region == "eu" and (prompt contains std.email or request.model == "gpt-5")
  unless   user.roles has "support"
  redact   std.email in prompt with "[x]"
}
policy acme.x.shadow "A trial" {
  mode     shadow
  on       request
  when     request.max_tokens exists and request.max_tokens > 5
  deny     "acme.trial" "Not so much."
}
policy acme.x.off "Not now" {
  mode     off
  on       request
  when     request.stream
  label    "streamed"
}
policy acme.x.zone "Only inside" {
  on       target
  when     target.zone != "internal"
  deny     "acme.outside"
}
policy acme.x.answer "No secrets" {
  on       response, stream
  when     tenant.region == "eu" and completion contains std.secret
  redact   std.secret in completion
}
`

const REQUEST = JSON.stringify({
  model: 'gpt-5',
  max_tokens: 10,
  stream: true,
  messages: [{ role: 'user', content: 'write to jo@example.com' }],
})

describe('sallyport policy explain', function () {
  this.timeout(120_000)
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-explain-'))
    writeFileSync(join(folder, 'x.policy'), POLICIES)
    writeFileSync(join(folder, 'request.json'), REQUEST)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const explain = (...given: string[]): Promise<Explanation> =>
    explainRequest(openPolicySet([join(folder, 'x.policy')], PLUGINS), REQUEST, given)
  const show = async (...given: string[]): Promise<string> => showExplanation(await explain(...given), { colour: false, columns: null })

  it('tells every part of a condition with its value, and what it read', async () => {
    const text = await show('tenant.region=eu')
    assert.match(text, /^verdict: allow\n/)
    assert.match(
      text,
      /  fires  acme\.x\.mail\n {9}when all of +true\n {11}tenant\.region == "eu" +true +tenant\.region = "eu"\n {11}any of +true\n {13}prompt contains std\.email +true +best score 0\.9\n {13}request\.model == "gpt-5" +true +request\.model = "gpt-5"\n {9}unless user\.roles has "support" +false +user\.roles = \[\]\n/,
    )
  })

  it('writes effects as they were written, with the policy that asked for them', async () => {
    assert.match(await show('tenant.region=eu'), /request: allow\n  redact std\.email in prompt with "\[x\]" \(acme\.x\.mail\)\n/)
  })

  it('says what shadows and policies that are off would have done', async () => {
    const text = await show()
    assert.match(text, /fires  acme\.x\.shadow \(in shadow\)\n(?: {9}.*\n)+ {9}would have: deny "acme\.trial" "Not so much\."\n/)
    assert.match(text, /fires  acme\.x\.off \(off\)\n {9}when request\.stream +true\n {9}would have: label "streamed"\n/)
  })

  it('judges a target where one is given, and says why where none is', async () => {
    assert.match(await show(), /target: not judged: no target is given; name one, for example --given target\.zone=us\n  acme\.x\.zone\n/)
    const denied = await show('target.zone=us')
    assert.match(denied, /^verdict: deny \(acme\.outside by acme\.x\.zone\)\n/)
    assert.match(denied, /target: deny, acme\.outside by acme\.x\.zone\n  fires  acme\.x\.zone\n/)
    assert.match(denied, /response: not judged: a refused request goes no further\n  acme\.x\.answer\n/)
    assert.match(await show('target.zone=internal'), /target: allow\n  silent acme\.x\.zone\n/)
  })

  it('tells of answers what is known before one: closed by the request, or open', async () => {
    assert.match(await show(), /response: not judged: there is no answer; what hangs on one is open\n  silent acme\.x\.answer\n/)
    const open = await show('tenant.region=eu')
    assert.match(
      open,
      /stream: not judged: .*\n  open   acme\.x\.answer\n {9}when all of +open\n {11}tenant\.region == "eu" +true .*\n {11}completion contains std\.secret +open/,
    )
  })

  it('shows exceptions with their end, also of a policy without a condition, and which tenants a variant is for', async () => {
    const text = `module acme.y
param most : number = 3 max 9
policy acme.y.all "Everything is labelled" {
  on       request
  label    "seen"
}
policy acme.y.most "Not too much" {
  on       request
  when     request.max_tokens exists and request.max_tokens > most
  unless   user.roles has "lead"
  deny     "acme.most"
}
exception "the desk" to acme.y.all { when user.roles has "desk" until 2027-03-31 ticket "T-1" owner "o@x.example" }
exception "old" to acme.y.most { when user.roles has "desk" until 2020-01-01 ticket "T-2" owner "o@x.example" }
overlay bank for tenant "bank" { param most = 2 }
`
    writeFileSync(join(folder, 'y.policy'), text)
    const set = openPolicySet([join(folder, 'y.policy')], PLUGINS)
    assert.ok(set.bundle, JSON.stringify(set.diagnostics))
    const shown = showExplanation(await explainRequest(set, REQUEST, ['user.roles=["desk"]']), { colour: false, columns: null })
    assert.match(
      shown,
      /silent acme\.y\.all\n {9}exception "the desk", until 2027-03-31: user\.roles has "desk"  true   user\.roles = \["desk"\]/,
    )
    assert.match(shown, /fires  acme\.y\.most\n {9}overlay none +true .*\n/)
    assert.match(shown, / {9}unless user\.roles has "lead" +false/)
    assert.match(shown, /exception "old", ended 2020-01-01: user\.roles has "desk" +true/)
    assert.match(shown, /silent acme\.y\.most \(overlay bank\)\n {9}overlay bank +false +tenant\.id = "acme"/)
  })

  it('prints no phase that no policy is about', async () => {
    writeFileSync(join(folder, 'one.policy'), 'policy a.b "x" {\n  on request\n  allow\n}\n')
    const set = openPolicySet([join(folder, 'one.policy')], PLUGINS)
    const text = showExplanation(await explainRequest(set, REQUEST, []), { colour: false, columns: null })
    assert.equal(text, 'verdict: allow\n\nrequest: allow\n  fires  a.b\n         allow')
  })

  it('holds given values against the types of their attributes', async () => {
    for (const [pair, message] of [
      ['tenant.regoin=eu', /there is no attribute `tenant\.regoin`\. Did you mean `tenant\.region`\?/],
      ['tenant.region', /write attribute=value/],
      ['request.tokens=many', /`request\.tokens` is a number, and `many` is no number/],
      ['request.stream=1', /is a bool, and `1` is neither true nor false/],
      ['user.roles=support', /is a list of text, and `support` is no list\. Write --given 'user\.roles=\["support"\]'\./],
      ['user.roles=["a",1]', /`1` is no text/],
      ['feature.pii=scrubb', /is one of scrub, warn, allow, and `scrubb` is not one of them\. Did you mean `scrub`\?/],
      ['client.ip=10.0.0', /is an IP address/],
      ['tenant.id=null', /is never absent/],
    ] as const) {
      await assert.rejects(explain(pair), (error: Error) => error instanceof GivenError && message.test(error.message), pair)
    }
    await assert.rejects(explain('tenant.id=a', 'tenant.id=b'), /stands twice/)
    assert.equal((await explain('tenant.id=123', 'client.ip=2001:db8::1', 'tenant.region=null')).verdict, 'allow')
  })

  it('--brief counts the silent policies, and shows those that fire', async () => {
    const args = ['policy', 'explain', 'x.policy', '--request', 'request.json']
    const [whole, brief] = await Promise.all([runWarmCli(args, { cwd: folder }), runWarmCli([...args, '--brief'], { cwd: folder })])
    const silent = (text: string): number => text.match(/^ {2}silent .*\./gm)?.length ?? 0
    const fires = (text: string): readonly string[] => text.match(/^ {2}fires .*/gm) ?? []
    assert.ok(silent(whole) > 0)
    assert.deepEqual([silent(brief), fires(brief)], [0, fires(whole)])
    const counted = [...brief.matchAll(/^ {2}silent (\d+) more$/gm)].reduce((sum, [, left]) => sum + Number(left), 0)
    assert.equal(counted, silent(whole))
  })

  it('exits with 2 for a value that does not fit', async () => {
    const args = ['policy', 'explain', 'x.policy', '--request', 'request.json', '--given', 'tenant.regoin=eu']
    await assert.rejects(runWarmCli(args, { cwd: folder }), (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 2)
      assert.match(error.stderr, /Did you mean `tenant\.region`/)
      return true
    })
  })

  it('--json says the same as data', async () => {
    const out = await runWarmCli(['policy', 'explain', 'x.policy', '--request', 'request.json', '--json'], { cwd: folder })
    const { verdict, phases } = JSON.parse(out) as Explanation
    assert.equal(verdict, 'allow')
    assert.deepEqual(
      phases.map(({ phase }) => phase),
      ['request', 'target', 'response', 'stream'],
    )
    assert.equal(phases[0]!.policies.find(({ policy }) => policy === 'acme.x.off')?.mode, 'off')
  })
})
