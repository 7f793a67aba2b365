// One text that triggers each diagnostic of the checker, and its nearest neighbour that does not.
import assert from 'node:assert/strict'
import { compile } from '../../../../dsl/index.ts'
import { house as vocabulary } from './helpers.ts'
import { parseTemplate } from '../../../../dsl/vocabulary/template.ts'
import { verbsOf } from '../../../../dsl/vocabulary/verbs.ts'
import type { VerbDeclaration } from '../../../../dsl/vocabulary/vocabulary.ts'

/** What is proved about whole sets of policies has tests of its own. */
const OF_PROOFS = /^P(?:2[2-9]|3|4|51)/

function codesOf(text: string, module = 'acme.test'): readonly string[] {
  return compile([{ path: 'p.policy', text: `module ${module}\n${text}` }], vocabulary)
    .diagnostics.map(({ code }) => code)
    .filter((code) => !OF_PROOFS.test(code))
}

const on = (phase: string, condition: string, effect = 'deny "a.b"'): string =>
  `policy a.b "x" {\n  on ${phase}\n  when ${condition}\n  ${effect}\n}`
const when = (condition: string): string => on('request', condition)
const effect = (text: string, phase = 'request'): string => `policy a.b "x" {\n  on ${phase}\n  ${text}\n}`
const detector = (clauses: string): string => `detector number {\n  ${clauses}\n}`

const CASES: readonly (readonly [code: string, bad: string, good: string])[] = [
  ['P101', `${effect('allow')}\n${effect('warn "a.b"')}`, effect('allow')],
  ['P102', `import standard.nothing as std\n${effect('allow')}`, effect('allow')],
  ['P103', 'test "x" {\n  expect policy a.c fires\n}', `${effect('allow')}\ntest "x" {\n  expect policy a.b fires\n}`],
  ['P104', when('tenant.regoin == "eu"'), when('tenant.region == "eu"')],
  ['P104', when('some t in request.tools where (t.wirtes)'), when('some t in request.tools where (t.writes)')],
  ['P105', when('prompt contains nubmer'), `${detector('pattern /\\d{4}/')}\n${when('prompt contains number')}`],
  ['P106', effect('dney "a.b"'), effect('deny "a.b"')],
  ['P106', effect('block "a.b"'), effect('deny "a.b"')],
  ['P107', effect('deny "a.b" to "x"'), effect('deny "a.b" "x"')],
  ['P107', effect('limit tokens to 5'), effect('limit tokens to 5 per day by tenant.id')],
  ['P108', effect('limit tokens to 5 per yaer by tenant.id'), effect('limit tokens to 5 per month by tenant.id')],
  ['P108', effect('deny "A sentence first."'), effect('deny "a.b" "A sentence first."')],
  ['P109', detector('list terms'), `list terms = ["a"]\n${detector('list terms')}`],
  ['P110', when('tenant.region == 5'), when('tenant.region == "5"')],
  ['P110', when('tenant.tags == "a"'), when('tenant.tags has "a"')],
  ['P110', when('request.tokens > "5"'), when('request.tokens > 5')],
  ['P110', when('tenant.id'), when('request.stream')],
  ['P111', when('prompt == "x"'), when('request.model == "x"')],
  ['P112', when('feature.pii == "scurb"'), when('feature.pii == "scrub"')],
  ['P112', when('client.ip in ["10.0.0.0/33"]'), when('client.ip in ["10.0.0.0/8"]')],
  ['P113', 'policy a.b "x" {\n  deny "a.b"\n}', effect('deny "a.b"')],
  ['P114', effect('when request.stream\n  when request.stream\n  allow'), effect('when request.stream\n  deny "a.b"')],
  ['P115', 'policy a.b "x" {\n  on request\n  severity high\n}', effect('severity high\n  allow')],
  ['P116', effect('deny "quota_exceeded"'), effect('deny "a.quota"')],
  ['P117', effect('deny "a.b"\n  on error allow'), effect('deny "a.b"\n  on error deny "a.c"')],
  ['P118', 'detector nothing {\n  score 0.5\n}', detector('pattern /\\d{4}/')],
  ['P119', detector('pattern /\\d{4}/\n  check luhm'), detector('pattern /\\d{4}/\n  check luhn')],
  ['P120', when('tenant.region != "eu"'), when('tenant.region exists and tenant.region != "eu"')],
  ['P120', when('not (tenant.region == "eu")'), when('not ((tenant.region ?? "") == "eu")')],
  ['P120', when('request.max_tokens > 5'), when('(request.max_tokens ?? 0) > 5')],
  ['P120', effect('unless tenant.region == "eu"\n  allow'), effect('unless tenant.region == "eu"\n  deny "a.b"')],
  ['P121', when('tenant.id exists'), when('tenant.region exists')],
  [
    'P122',
    effect('limit requests to 5 per day by user.id'),
    `policy a.b "x" {\n  on request\n  when user.id exists\n  limit requests to 5 per day by user.id\n}`,
  ],
  ['P130', when('target.zone == "us"'), on('target', 'target.zone == "us"')],
  ['P131', effect('route to secure', 'target'), effect('route to secure')],
  [
    'P140',
    `${detector('pattern /\\d{4}/')}\n${on('stream', 'not (completion contains number)')}`,
    `${detector('pattern /\\d{4}/')}\n${on('stream', 'completion contains number')}`,
  ],
  [
    'P141',
    `${detector('pattern /\\d{4}/')}\ndetector other {\n  pattern /[a-z]{9}/\n}\n${on('response, stream', 'completion contains other', 'redact number in completion')}`,
    `${detector('pattern /\\d{4}/')}\n${on('response, stream', 'completion contains number', 'redact number in completion')}`,
  ],
  ['P190', when('jsonlogic """true"""'), when('request.stream')],
  ['P201', detector('pattern /\\d{4}/\n  examples "12"'), detector('pattern /\\d{4}/\n  examples "1234"')],
  ['P202', detector('pattern /\\d{4}/\n  never "1234"'), detector('pattern /\\d{4}/\n  never "12"')],
  ['P210', detector('pattern /(?=a)\\d{4}/'), detector('pattern /\\d{4}/')],
  ['P117', effect('deny "a.b"\n  on error warn "a.unseen"'), effect('deny "a.b"\n  on error deny "a.unseen"')],
  ['P500', effect('owner "me"\n  deny "a.b"\n  on error warn "a.unseen"'), effect('owner "me"\n  deny "a.b"\n  on error deny "a.unseen"')],
  ['P500', effect('owner "me"\n  deny "a.b"\n  on error allow'), effect('owner "me"\n  deny "a.b"')],
]

describe('the checker', () => {
  for (const [code, bad, good] of CASES) {
    it(`${code}: ${bad.split('\n').at(-2)?.trim() ?? bad}`, () => {
      assert.ok(codesOf(bad).includes(code), `expected ${code}, got ${codesOf(bad).join(', ') || 'nothing'}`)
      assert.deepEqual(codesOf(good), [])
    })
  }

  it('lets standard modules raise the codes of the error table, and no others', () => {
    assert.deepEqual(codesOf(effect('deny "quota_exceeded"'), 'standard.test'), [])
    assert.deepEqual(codesOf(effect('deny "quota_exceded"'), 'standard.test'), ['P116'])
  })

  it('reports the errors of all policies in one pass', () => {
    assert.equal(
      codesOf(`${when('tenant.x == "a"')}\n${when('tenant.y == "b"').replace('a.b', 'a.c')}`).filter((code) => code === 'P104').length,
      2,
    )
  })
})

describe('phrase templates', () => {
  const verb = (phrase: string, plugin: string): VerbDeclaration => ({
    phrase,
    use: 'effect',
    phases: ['request'],
    join: { kind: 'union' },
    aliases: [],
    protects: false,
    doc: '',
    plugin,
  })
  const problems = (...verbs: VerbDeclaration[]): string => {
    try {
      verbsOf({ ...vocabulary, verbs })
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  it('know what kinds there are: a slip in one is no choice of one word', () => {
    for (const [phrase, says] of [
      ['stamp <word:txt>', /`txt` is not a kind of operand; did you mean `text`\?.*kinds are text, code, .*, word/],
      ['stamp <value:text|nmbr>', /`nmbr` is not a kind of operand/],
      [
        'stamp <value:text|nothing>',
        /`nothing` is not a kind of operand; kinds are .* a choice has two words or more, and no kinds: `<side:first\|last>`/,
      ],
    ] as const)
      assert.throws(() => parseTemplate(phrase), says)
    assert.deepEqual(parseTemplate('buffer <completion>').slots[0]!.operands[0]!.words, ['completion'])
    assert.deepEqual(parseTemplate('stamp <side:first|last>').slots[0]!.operands[0]!.words, ['first', 'last'])
  })
  it('know slots, choices, lists, groups and what may be left out', () => {
    const { slots } = parseTemplate('mask <detector...> in <location...> [except <first|last> <number>]')
    assert.deepEqual(
      slots.map(({ preposition, optional }) => [preposition, optional]),
      [
        [null, false],
        ['in', false],
        ['except', true],
      ],
    )
    assert.deepEqual(
      slots[2]!.operands.map(({ words, types }) => [...words, ...types]),
      [['first', 'last'], ['number']],
    )
    assert.ok(parseTemplate('maps (<framework:word> <control:text>)...').slots[0]!.grouped)
  })

  it('clash with the names of both plugins', () => {
    assert.match(problems(verb('send <text>', 'one'), verb('send <number>', 'two')), /one.*two.*begin alike/)
    assert.match(problems(verb('when <text>', 'one')), /one.*reserved/)
    assert.match(problems(verb('hold <text>', 'one'), verb('keep hold <text>', 'two')), /two.*one.*`hold`/)
    assert.match(problems(verb('send <te xt>', 'one')), /plugin one/)
  })

  it('may begin with the same verb when the next words tell them apart', () => {
    assert.equal(problems(verb('send mail <text>', 'one'), verb('send letter <text>', 'two')), '')
  })
})
