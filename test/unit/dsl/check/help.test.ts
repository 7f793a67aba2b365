// What a message says to somebody who slipped: the way out, in the words of their own file.
import assert from 'node:assert/strict'
import { assertPair, codesOf, onlyFault, policy, when } from './helpers.ts'
import { compile } from '../../../../dsl/index.ts'
import { house } from './helpers.ts'

/** Two files: one that is imported as `std`, and the policy. */
function faultWithImport(text: string): string {
  const files = [
    { path: 'd.policy', text: 'module standard.d\ndetector email {\n  pattern /[a-z]{1,9}@/\n}' },
    { path: 'p.policy', text: `module acme.test\nimport standard.d as std\n${text}` },
  ]
  const [first] = compile(files, house).diagnostics.filter(({ code }) => code.startsWith('P1'))
  return `${first?.code} ${first?.message} | ${first?.help ?? ''}`
}

describe('the help of a message', () => {
  it('P120: gives absence a value of the type of the attribute', () => {
    const fallback = (condition: string): string | undefined => /\?\? (.*)\)`\.$/.exec(onlyFault(when(condition)))?.[1]
    assert.equal(fallback('request.max_tokens > 5'), '0')
    assert.equal(fallback('tenant.plan != "a"'), '""')
    assert.equal(fallback('not (key.models has "a")'), '[]')
    for (const condition of ['(request.max_tokens ?? 0) > 5', '(tenant.plan ?? "") != "a"', 'not ((key.models ?? []) has "a")'])
      assert.deepEqual(codesOf(when(condition)), [], condition)
  })
  it('P120: says how absence may count, in words that check', () => {
    assert.match(onlyFault(when('not (tenant.plan == "a")')), /P120 .* `tenant\.plan is missing or …`/)
    for (const condition of ['tenant.plan is missing or not (tenant.plan == "a")', 'tenant.plan exists and not (tenant.plan == "a")'])
      assert.deepEqual(codesOf(when(condition)), [], condition)
    assert.doesNotMatch(onlyFault(when('request.max_tokens > 5')), /is missing or/)
  })
  it('P010: wants the name of a list in a detector', () => {
    const [first] = compile([{ path: 'p.policy', text: 'module acme.test\ndetector d {\n  list ["a"]\n}\n' }], house).diagnostics
    assert.match(`${first?.code} ${first?.help}`, /P010 .*[Nn]ame .*list.* `list terms = \["a", "b"\]`/)
  })
  it('P108: says which status, which code and which detector would fit', () => {
    assert.match(onlyFault(policy('deny "a.b" with status 200')), /P108 .* from 400 to 499/)
    assert.match(onlyFault(policy('deny a.b')), /P108 .* Put the code into quotes: "a\.b"/)
    assert.match(faultWithImport(policy('redact email in prompt')), /P108 .* Did you mean `std\.email`\?/)
    assert.match(onlyFault(policy('owner me\n  deny "a.b"')), /P108 .* Put it into quotes: "me"/)
    assert.match(onlyFault(policy('owner tenant.id\n  deny "a.b"')), /P108 .* a text in quotes, not what an attribute holds/)
    assert.match(onlyFault(`param n : number = 5\n${policy('owner n\n  deny "a.b"')}`), /P108 .* `n` is a number/)
    assert.match(onlyFault(policy('redact "x" in prompt')), /P108 .* found by one with a `list`/)
  })
  it('P105: finds the detector in what is imported, and says how to look for a text', () => {
    assert.match(faultWithImport(when('prompt contains email')), /P105 .* Did you mean `std\.email`\?/)
    assert.match(faultWithImport('detector d {\n  any email\n}'), /P105 .* Did you mean `std\.email`\?/)
    assert.match(onlyFault(when('prompt contains "secret"')), /P105 .* `list terms = \["…"\]`/)
  })
  it('P104: says where the attributes stand', () => {
    assert.match(onlyFault(when('weather.wind == "a"')), /P104 .*docs\/policy-language\.md#attributes/)
  })
  it('P110: speaks of values in grammar', () => {
    assert.match(onlyFault(when('5 in tenant.tags')), /a number is looked for among text values/)
    assert.match(onlyFault(when('tenant.tags has 5')), /a number is looked for among text values/)
  })
  it('P190: is one message for a share of a mode', () => {
    assert.match(onlyFault(policy('mode enforce for 25% by tenant.id\n  deny "a.b"')), /P190 a share of a mode/)
  })
})

describe('what would fail while an exchange is judged fails in the check', () => {
  it('P133: `set` and `cap` change the parameters that can be changed', () => {
    assertPair('P133', policy('cap request.tokens at 5'), policy('cap request.max_tokens at 5'))
    assertPair('P133', policy('set request.model to "a"'), policy('set request.temperature to 0.2'))
    assertPair('P133', policy('set tenant.id to "a"'), policy('set request.max_tokens to 10'))
  })
  it('P110, P112: give them numbers that make sense', () => {
    assertPair('P110', policy('set request.max_tokens to "10"'), policy('set request.max_tokens to 10'))
    assertPair('P110', policy('set request.temperature to true'), policy('set request.temperature to 1'))
    assertPair('P112', policy('cap request.max_tokens at -1'), policy('cap request.max_tokens at 1'))
  })
  it('P112: `set header` sets headers that may be set, to what a header can be', () => {
    const header = (name: string, value = 'x'): string => policy(`set header ${JSON.stringify(name)} to ${JSON.stringify(value)}`)
    for (const name of ['Authorization', 'host', 'content-length', 'x y', '']) assertPair('P112', header(name), header('x-team'))
    assertPair('P112', header('x-team', 'a\r\nb: c'), header('x-team', 'a\tb é'))
  })
  it('P112: `limit` has amounts that can be counted', () => {
    const limit = (amount: string): string => policy(`limit ${amount} by tenant.id`)
    assertPair('P112', limit('tokens to -5 per day'), limit('tokens to 5 per day'))
    assertPair('P112', limit('requests to 2.5 per day'), limit('money to 2.5 per day'))
    assertPair('P112', limit('concurrent to 1.5'), limit('concurrent to 2'))
    assertPair('P112', limit('concurrent to -1'), limit('concurrent to 0'))
    assertPair('P112', policy('limit cost to -1'), policy('limit cost to 0.01'))
    assertPair('P112', `param n : number = 1.5\n${limit('tokens to n per day')}`, `param n : number = 15\n${limit('tokens to n per day')}`)
  })
  it('P142: warns of a policy that holds streams without saying so', () => {
    const text = (phases: string, effects: string): string =>
      `detector n {\n  pattern /\\d{4}/\n}\n${policy(`when completion contains n\n  ${effects}`, phases)}`
    assertPair('P142', text('response', 'deny "a.b"'), text('response', 'deny "a.b"\n  buffer completion'))
    assertPair('P142', text('response', 'deny "a.b"'), text('response, stream', 'deny "a.b"'))
  })
  it('P132: warns of two tests with one title', () => {
    const test = (title: string): string => `test "${title}" {\n  expect deny\n}`
    assertPair('P132', `${policy('deny "a.b"')}\n${test('t')}\n${test('t')}`, `${policy('deny "a.b"')}\n${test('t')}\n${test('u')}`)
  })
})
