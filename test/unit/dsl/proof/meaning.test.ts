// One text that triggers each diagnostic of the proofs, and its nearest neighbour that does not.
import assert from 'node:assert/strict'
import { compile } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readPolicyFiles, STANDARD_POLICIES } from '../../../../core/policy/load.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'

const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))

const detectors = readPolicyFiles([`${STANDARD_POLICIES}/detectors.policy`])

function check(text: string): ReturnType<typeof compile>['diagnostics'] {
  const imported = text.startsWith('import standard.detectors') ? detectors : []
  return compile([{ path: 'p.policy', text: `module acme.test\n${text}` }, ...imported], vocabulary, { today: '2026-11-21' }).diagnostics
}

const codesOf = (text: string): readonly string[] => check(text).map(({ code }) => code)

let count = 0
/** A policy; ids are in the order of the text. */
const policy = (clauses: string, phase = 'request'): string =>
  `policy p.${String.fromCharCode(97 + (count++ % 26))}x${count} "x" {\n  on ${phase}\n  ${clauses}\n}\n`
const when = (condition: string, effect = 'deny "a.b"'): string => policy(`when ${condition}\n  ${effect}`)
const both = (first: string, second: string): string => `${first}${second}`
const named = (id: string, clauses: string, phase = 'request'): string => `policy ${id} "x" {\n  on ${phase}\n  ${clauses}\n}\n`
const exception = (until: string): string =>
  `${named('a.b', 'when request.tokens > 5\n  deny "a.b"')}exception "x" to a.b {\n  when user.roles has "boss"\n  until ${until}\n  ticket "T-1"\n  owner "me"\n}\n`
const digits = (pattern: string): string => `detector digits {\n  pattern /${pattern}/\n}\n`
const onStream = named('a.b', 'when completion contains digits\n  redact digits in completion', 'response, stream')

const CASES: readonly (readonly [code: string, bad: string, good: string])[] = [
  ['P221', digits('x\\d+y') + onStream, digits('x\\d{1,9}y') + onStream],
  ['P221', digits('x\\d+y') + onStream, digits('x\\d+y') + when('prompt contains digits')],
  // Certain before it ends.
  ['P221', digits('x\\d+y') + onStream, digits('x\\d+y?') + onStream],
  ['P230', digits('\\d{4}') + when('request.stream'), digits('\\d{4}')],
  ['P230', digits('\\d{4}') + when('request.stream'), digits('\\d{4}') + when('prompt contains digits')],
  ['P231', `list models = ["a"]\n${when('request.stream')}`, `list models = ["a"]\n${when('request.model in models')}`],
  // Contradictions, by kind of test.
  ['P300', when('request.tokens > 5 and request.tokens < 3'), when('request.tokens > 3 and request.tokens < 5')],
  ['P300', when('request.tokens >= 5 and request.tokens < 5'), when('request.tokens >= 5 and request.tokens <= 5')],
  ['P300', when('request.model == "a" and request.model == "b"'), when('request.model == "a" or request.model == "b"')],
  [
    'P300',
    when('request.model in ["a", "b"] and request.model in ["c"]'),
    when('request.model in ["a", "b"] and request.model in ["b", "c"]'),
  ],
  ['P300', when('request.model == "a" and request.model != "a"'), when('request.model != "b" and request.model != "a"')],
  ['P300', when('request.stream and not request.stream'), when('request.stream and not request.has_references')],
  ['P300', when('request.stream and request.stream == false'), when('request.stream and request.stream == true')],
  [
    'P300',
    when('feature.pii != "scrub" and feature.pii != "warn" and feature.pii != "allow"'),
    when('feature.pii != "scrub" and feature.pii != "warn"'),
  ],
  ['P300', when('user.id is missing and user.id == "jo"'), when('user.id exists and user.id == "jo"')],
  [
    'P300',
    when('tenant.features is missing and tenant.features has "chat"'),
    when('tenant.features exists and tenant.features has "chat"'),
  ],
  ['P300', when('key.scopes has "a" and not (key.scopes has "a")'), when('key.scopes has "a" and not (key.scopes has "b")')],
  ['P300', when('(tenant.region ?? "") == "eu" and (tenant.region ?? "") == "us"'), when('(tenant.region ?? "") == "eu"')],
  [
    'P300',
    when('(tenant.region ?? "eu") == "us" and tenant.region is missing'),
    when('(tenant.region ?? "eu") == "eu" and tenant.region is missing'),
  ],
  [
    'P300',
    when('request.model starts with "gpt" and request.model == "claude"'),
    when('request.model starts with "gpt" and request.model == "gpt-5"'),
  ],
  [
    'P300',
    when('request.model like "gpt-*" and request.model in ["a", "b"]'),
    when('request.model like "gpt-*" and request.model in ["a", "gpt-5"]'),
  ],
  [
    'P300',
    when('client.ip in ["10.0.0.0/8"] and client.ip == "192.0.2.1"'),
    when('client.ip in ["10.0.0.0/8"] and client.ip == "10.0.2.1"'),
  ],
  [
    'P300',
    when('request.model starts with "a" and request.model starts with "b"'),
    when('request.model starts with "a" and request.model ends with "b"'),
  ],
  [
    'P300',
    when('some t in request.tools where (t.writes) and no t in request.tools where (t.writes)'),
    when('some t in request.tools where (t.writes) and some t in request.tools where (not t.writes)'),
  ],
  [
    'P300',
    policy('when request.stream\n  unless request.stream\n  deny "a.b"'),
    policy('when request.stream\n  unless request.has_references\n  deny "a.b"'),
  ],
  ['P300', when('request.model == request.dialect and request.model != request.dialect'), when('request.model == request.dialect')],
  [
    'P300',
    when('(request.stream or request.tokens > 9) and not request.stream and request.tokens < 9'),
    when('(request.stream or request.tokens > 9) and request.tokens > 3'),
  ],
  [
    'P301',
    when('request.stream or (request.tokens > 5 and request.tokens < 3)'),
    when('request.stream or (request.tokens > 3 and request.tokens < 5)'),
  ],
  [
    'P301',
    when('request.model == "a" and (request.stream or request.model == "b")'),
    when('request.model != "a" and (request.stream or request.model == "b")'),
  ],
  [
    'P301',
    policy('when request.has_references or request.stream\n  unless request.stream\n  deny "a.b"'),
    policy('when request.has_references or request.stream\n  unless request.tokens < 5\n  deny "a.b"'),
  ],
  // Shadows.
  ['P310', both(when('request.tokens > 9'), when('request.tokens > 5')), both(when('request.tokens > 9'), when('request.tokens < 5'))],
  ['P310', both(when('request.stream'), when('request.stream')), both(when('request.stream'), when('request.has_references'))],
  [
    'P310',
    both(when('request.model == "gpt-5"'), when('request.model like "gpt-*"')),
    both(when('request.model == "gpt-5"'), when('request.model like "o-*"')),
  ],
  [
    'P310',
    both(when('tenant.id == "t1" and request.stream'), when('tenant.id in ["t1", "t2"]')),
    both(when('tenant.id in ["t1", "t3"] and request.stream'), when('tenant.id in ["t1", "t2"]')),
  ],
  [
    'P310',
    both(when('request.stream'), policy('severity critical\n  deny "a.c"')),
    both(policy('severity critical\n  when request.stream\n  deny "a.b"'), policy('deny "a.c"')),
  ],
  [
    'P310',
    both(when('key.scopes has "chat" and request.stream', 'allow'), when('key.scopes has "chat"', 'allow')),
    both(when('key.scopes has "chat"', 'allow'), when('key.scopes has "embed"', 'allow')),
  ],
  [
    'P310',
    `import standard.detectors as std\n${both(when('prompt contains std.email', 'mask std.email in prompt.user'), when('prompt contains std.email', 'redact std.personal in prompt'))}`,
    `import standard.detectors as std\n${both(when('prompt contains std.email', 'redact std.email in prompt.user'), when('prompt contains std.email', 'mask std.personal in prompt'))}`,
  ],
  [
    'P310',
    both(when('request.stream', 'cap request.max_tokens at 900'), policy('cap request.max_tokens at 500')),
    both(when('request.stream', 'cap request.max_tokens at 400'), policy('cap request.max_tokens at 500')),
  ],
  [
    'P310',
    both(when('request.stream', 'log standard'), policy('log minimal')),
    both(when('request.stream', 'log minimal'), policy('log standard')),
  ],
  [
    'P310',
    both(when('request.stream', 'route to model "a", "b"'), policy('route to model "a"')),
    both(when('request.stream', 'route to model "a"'), policy('route to model "a", "b"')),
  ],
  [
    'P310',
    both(when('request.tokens > 9'), when('request.tokens > 5')),
    both(when('request.tokens > 9'), policy('mode shadow\n  when request.tokens > 5\n  deny "a.b"')),
  ],
  ['P311', both(when('request.stream', 'allow'), policy('deny "a.b"')), both(policy('allow'), when('request.stream'))],
  // Clashes.
  [
    'P320',
    both(when('request.stream', 'set request.temperature to 1'), when('request.tokens > 5', 'set request.temperature to 0')),
    both(when('request.stream', 'set request.temperature to 1'), when('not request.stream', 'set request.temperature to 0')),
  ],
  [
    'P320',
    both(when('request.stream', 'set header "x" to "1"'), when('request.tokens > 5', 'set header "x" to "2"')),
    both(when('request.stream', 'set header "x" to "1"'), when('request.tokens > 5', 'set header "y" to "2"')),
  ],
  [
    'P320',
    both(when('request.stream', 'set header "x" to "1"'), when('request.tokens > 5', 'set header "x" to "2"')),
    both(when('request.stream', 'severity high\n  set header "x" to "1"'), when('request.tokens > 5', 'set header "x" to "2"')),
  ],
  [
    'P321',
    both(when('request.stream', 'route to model "a"'), when('request.tokens > 5', 'route to model "b"')),
    both(when('request.stream', 'route to model "a"'), when('not request.stream', 'route to model "b"')),
  ],
  [
    'P321',
    both(when('request.stream', 'route to model "a"'), when('request.tokens > 5', 'route to model "b"')),
    both(when('request.stream', 'route to model "a", "c"'), when('request.tokens > 5', 'route to model "b", "c"')),
  ],
  // Characters.
  ['P330', when('request.model == "a\u202eb"'), when('request.model == "a\\u{202e}b"')],
  ['P330', `# fine \u2066 not\n${when('request.stream')}`, `# fine — 好\n${when('request.stream')}`],
  ['P330', when('request.model == "a\u200bb"'), digits('[\u200b\u202e]{2,9}x') + when('prompt contains digits')],
  ['P330', when('request.model == "a\u200db"'), when('request.model == "👩\u200d💻"')],
  ['P331', when('request.model == "gрt"'), when('request.model == "модель gpt"')],
  ['P331', policy('deny "a.b" "Ρlease"'), policy('deny "a.b" "ΔT\\nпока"')],
  // Operation.
  [
    'P501',
    policy('severity critical\n  owner "me"\n  deny "a.b"\n  on error warn "a.c"'),
    policy('severity critical\n  owner "me"\n  deny "a.b"\n  on error deny "a.c"'),
  ],
  ['P510', exception('2026-11-21'), exception('2027-03-31')],
  ['P511', exception('2026-12-21'), exception('2026-12-22')],
]

const PROVEN = /^P(?:22[1-9]|3|5[01])/

describe('the proofs', () => {
  for (const [code, bad, good] of CASES) {
    it(`${code}: ${bad.split('\n').slice(2, 4).join(' ').trim()}`, () => {
      assert.ok(
        codesOf(bad).includes(code),
        `expected ${code}, got ${
          check(bad)
            .map(({ code: one, message }) => `${one} ${message}`)
            .join(', ') || 'nothing'
        }`,
      )
      assert.deepEqual(
        check(good).filter(({ severity, code: one }) => severity === 'error' || (PROVEN.test(one) && one !== 'P500')),
        [],
      )
    })
  }

  it('says nothing about the policies that come with the gateway', () => {
    const files = readPolicyFiles([STANDARD_POLICIES])
    assert.deepEqual(compile(files, vocabulary, { today: '2026-11-21' }).diagnostics, [])
  })

  it('keeps one of two policies that say the same', () => {
    const twice = check(named('a.b', 'deny "a.b"') + named('a.c', 'deny "a.b"') + named('a.d', 'deny "a.b"'))
    assert.deepEqual(
      twice.map(({ message }) => /`([^`]+)`/.exec(message)?.[1]),
      ['a.c', 'a.d'],
    )
  })

  it('names the branch, and points at the other policy', () => {
    const text = `module acme.test\n${named('a.b', 'when request.stream or request.tokens < 0 and (request.tokens > 3)\n  deny "a.b"').replace('request.tokens < 0 and (request.tokens > 3)', '(request.tokens < 0 and request.tokens > 3)')}`
    const [found] = compile([{ path: 'p.policy', text }], vocabulary).diagnostics
    assert.equal(text.slice(found!.span.start, found!.span.end).replace(/^\(|\)$/g, ''), 'request.tokens < 0 and request.tokens > 3')
    const [shadow] = check(named('a.b', 'deny "a.b"') + named('a.c', 'when request.stream\n  deny "a.b"'))
    assert.equal(shadow?.related?.length, 1)
  })

  it('P512: counts the days of a trial from its `since`, for what is in shadow', () => {
    const trial = (facts: string): string => `policy acme.trial "x" { ${facts} on request when request.stream deny "acme.no" }`
    const codes = (facts: string): readonly string[] => check(trial(facts)).map(({ code }) => code)
    assert.ok(codes('mode shadow since 2026-10-21').includes('P512'))
    for (const fine of ['mode shadow since 2026-10-22', 'mode shadow', 'since 2020-01-01', 'mode off since 2020-01-01'])
      assert.ok(!codes(fine).includes('P512'), fine)
  })

  it('says nothing of exceptions without the date of today', () => {
    const text = `module acme.test\n${exception('2020-01-01')}`
    assert.deepEqual(compile([{ path: 'p.policy', text }], vocabulary).diagnostics, [])
  })

  it('looks through a thousand policies of two hundred tenants within its bound', () => {
    const tenants = Array.from({ length: 1000 }, (_, i) =>
      named(
        `t.p${i}`,
        `${i % 5 === 0 ? 'when' : `when tenant.id == "t${i % 200}" and`} request.tokens > ${i % 7} and key.scopes has "s${i}"\n  deny "a.c${i}"`,
      ),
    )
    const last =
      named('z.a', 'when request.model == "z" and request.stream\n  deny "a.b"') +
      named('z.b', 'when request.model == "z" and request.stream and request.tokens > 5\n  deny "a.b"')
    assert.deepEqual(
      check(tenants.join('') + last).map(({ code, message }) => `${code} ${message.slice(0, 5)}`),
      ['P310 `z.b`'],
    )
  })
})
