// What must never compile, because it would mean something else than it says: each with its nearest neighbour that does.
import assert from 'node:assert/strict'
import { compile } from '../../../../dsl/index.ts'
import { diagnose, house as real } from './helpers.ts'
import type { AttributeDeclaration, Vocabulary } from '../../../../dsl/vocabulary/vocabulary.ts'

const own = (name: string, type: AttributeDeclaration['type']): AttributeDeclaration => ({
  name,
  type,
  optional: true,
  phase: 'request',
  source: 'proved',
  lifetime: 'exchange',
  doc: '',
  plugin: 'test',
})

/** The words of the house, and optional ones of the types that it has no optional attribute of. */
const vocabulary: Vocabulary = {
  ...real,
  attributes: [
    ...real.attributes,
    own('my.flag', { kind: 'bool' }),
    own('my.names', { kind: 'list', of: { kind: 'text' } }),
    own('my.level', { kind: 'enum', values: ['low', 'high'] }),
  ],
}

function check(text: string): readonly string[] {
  return diagnose(text, vocabulary).map(({ code, message }) => `${code} ${message}`)
}

function assertPair(code: string, bad: string, good: string): void {
  const found = check(bad)
  assert.ok(
    found.some((line) => line.startsWith(code)),
    `expected ${code}, got ${found.join('; ') || 'nothing'}`,
  )
  assert.deepEqual(check(good), [])
}

const on = (phase: string, condition: string, effect = 'deny "a.b"'): string =>
  `policy a.b "x" {\n  on ${phase}\n  when ${condition}\n  ${effect}\n}`
const policy = (body: string, phase = 'request'): string => `policy a.b "x" {\n  on ${phase}\n  ${body}\n}`
const DETECTORS =
  'detector number {\n  pattern /\\d{4}/\n}\ndetector other {\n  pattern /[a-z]{9}/\n}\ndetector both {\n  any number, other\n}\n'
const test = (body: string): string => `${policy('deny "a.b"')}\ntest "t" {\n  ${body}\n}`

/** Conditions on `request`: what is wrong, and what is right. */
const CONDITIONS: readonly (readonly [title: string, code: string, bad: string, good: string])[] = [
  ['two absent values are equal', 'P120', 'user.id == request.user', 'user.id exists and user.id == request.user'],
  ['an absent flag negated', 'P120', 'not my.flag', 'not (my.flag ?? false)'],
  [
    'a list without an absent item',
    'P120',
    'not (tenant.tags has feature.name)',
    'feature.name exists and not (tenant.tags has feature.name)',
  ],
  ['no element of an absent list', 'P120', 'no n in my.names where (n == "a")', 'some n in my.names where (n == "a")'],
  [
    'every element of an absent list',
    'P120',
    'every n in my.names where (n == "a")',
    'my.names exists and every n in my.names where (n == "a")',
  ],
  ['a count of an absent list', 'P120', 'count(n in my.names) < 2', 'count(n in tenant.tags) < 2'],
  ['a default that may be absent itself', 'P120', '(user.id ?? request.user) != "a"', '(user.id ?? (request.user ?? "")) != "a"'],
  ['absence beside a disjunction', 'P120', 'tenant.plan == "a" or tenant.plan != "b"', 'tenant.plan is missing or tenant.plan != "b"'],
  [
    'absence under a negated test for presence',
    'P120',
    'not (tenant.plan exists) and tenant.plan != "b"',
    'not (tenant.plan is missing) and tenant.plan != "b"',
  ],
  ['an impossible value in a list', 'P112', 'feature.pii in ["scrub", "wran"]', 'feature.pii in ["scrub", "warn"]'],
  ['an impossible default', 'P112', '(my.level ?? "hgih") == "high"', '(my.level ?? "high") == "high"'],
  ['an empty end', 'P110', 'request.model ends with ""', 'request.model ends with "-mini"'],
  ['a record compared whole', 'P110', 'some t in request.tools where (t == "a")', 'some t in request.tools where (t.name == "a")'],
  ['a list of two kinds', 'P110', 'request.model in ["a", 5]', 'request.model in ["a", "5"]'],
  ['a score above one', 'P112', 'prompt contains number scoring 2', 'prompt contains number scoring 0.2'],
  ['an answer before it is there', 'P130', 'completion contains number', 'prompt contains number'],
]

describe('conditions', () => {
  for (const [title, code, bad, good] of CONDITIONS) {
    it(`${code}: ${title}`, () => assertPair(code, DETECTORS + on('request', bad), DETECTORS + on('request', good)))
  }

  it('see absence in `unless` only where it would let something through', () => {
    assertPair('P120', policy('unless tenant.plan == "a"\n  allow'), policy('unless tenant.plan == "a"\n  deny "a.b"'))
    assertPair(
      'P120',
      policy('unless tenant.plan != "a"\n  deny "a.b"'),
      policy('unless tenant.plan exists and tenant.plan != "a"\n  deny "a.b"'),
    )
  })
})

describe('effects', () => {
  it('P107, P108: take attributes of the type that they need', () => {
    const limit = (amount: string, key: string): string => policy(`limit tokens to ${amount} per day by ${key}`)
    assertPair('P108', limit('tenant.plan', 'tenant.id'), limit('tenant.quota.daily_tokens', 'tenant.id'))
    assertPair('P108', limit('5', 'tenant.tags'), limit('5', 'tenant.id'))
    assertPair('P107', policy('cap request.max_tokens'), policy('cap request.max_tokens at 5'))
  })
  it('P106: say where a verb belongs that stands in the wrong place', () => {
    assert.deepEqual(check(policy('until 2030-01-01\n  allow')), ['P106 `until` has no place here'])
  })
  it('P114: stand once where they are facts', () => {
    assertPair('P114', policy('severity low\n  severity high\n  allow'), policy('severity high\n  allow'))
  })
  it('P122: count by what the condition proves to be there', () => {
    const by = (condition: string): string => on('request', condition, 'limit requests to 5 per day by user.id')
    assertPair('P122', by('tenant.id == "a"'), by('user.id == "a"'))
    assertPair('P122', by('user.id == "a" or tenant.id == "a"'), by('tenant.id == "a" and user.id exists'))
  })
  it('P123: warn of an `allow` that the caller alone decides', () => {
    const allow = (condition: string): string => on('request', condition, 'allow')
    assertPair('P123', allow('request.user == "boss"'), allow('user.id == "boss"'))
    assertPair('P123', allow('request.stream'), allow('request.stream and key.scopes has "chat"'))
    const exempt = (unless: string): string => `policy a.b "x" { on request unless ${unless} deny "a.b" }`
    assertPair('P123', exempt('request.user == "boss"'), exempt('user.id == "boss"'))
  })
  it('P131: act on an error only in phases of theirs', () => {
    assertPair('P131', policy('deny "a.b"\n  on error route to secure', 'target'), policy('deny "a.b"\n  on error deny "a.c"', 'target'))
  })
  it('P116: keep the status of a code of the error table', () => {
    const standard = (text: string): readonly string[] =>
      compile([{ path: 'p.policy', text: `module standard.test\n${policy(text)}` }], vocabulary).diagnostics.map(({ code }) => code)
    assert.deepEqual(standard('deny "quota_exceeded" with status 418'), ['P116'])
    assert.deepEqual(standard('deny "quota_exceeded"'), [])
  })
  it('make one artefact, in whatever order their groups are written', () => {
    const hash = (phrase: string): string | undefined => compile([{ path: 'p.policy', text: policy(phrase) }], vocabulary).bundle?.hash
    assert.equal(hash('limit tokens to 5 per day by tenant.id'), hash('limit tokens by tenant.id per day to 5'))
    assert.notEqual(hash('limit tokens to 5 per day by tenant.id'), hash('limit tokens to 6 per day by tenant.id'))
  })
})

describe('streams', () => {
  const stream = (condition: string, effect: string): string => DETECTORS + on('stream', condition, effect)
  const redact = (detectors: string): string => `redact ${detectors} in completion`

  it('P140: judge only by what an answer contains', () => {
    assertPair('P140', stream('not (completion contains number)', 'deny "a.b"'), stream('completion contains number', 'deny "a.b"'))
    assertPair(
      'P140',
      stream('not (completion contains number)', redact('number')),
      stream('not (prompt contains other)', redact('number')),
    )
  })
  it('P141: protect a span as soon as its own detector finds it', () => {
    assertPair('P141', stream('completion contains other', redact('number')), stream('completion contains number', redact('number')))
    assertPair(
      'P141',
      stream('completion contains number and completion contains other', redact('number')),
      stream('completion contains number or completion contains other', redact('number, other')),
    )
    assertPair(
      'P141',
      stream('completion contains number', redact('number, other')),
      stream('prompt contains number', redact('number, other')),
    )
    assertPair('P141', stream('completion contains number', redact('both')), stream('completion contains both', redact('both')))
  })
})

describe('declarations', () => {
  it('P101: stand once, and the message points at the first', () => {
    const [doubled] = compile([{ path: 'p.policy', text: 'list a = ["x"]\nlist a = ["y"]' }], vocabulary).diagnostics
    assert.equal(doubled?.code, 'P101')
    assert.deepEqual(
      doubled?.related?.map(({ span }) => span.start),
      [5],
    )
    assertPair('P101', 'import acme.test as x\nimport acme.test as x', 'import acme.test as x\nimport acme.test as y')
    assertPair('P101', 'module acme.other', '')
  })
  it('P101: over modules, for policies', () => {
    const files = ['a', 'b'].map((name) => ({ path: `${name}.policy`, text: `module acme.${name}\n${policy('deny "a.b"')}` }))
    assert.deepEqual(
      compile(files, vocabulary).diagnostics.map(({ code }) => code),
      ['P101'],
    )
  })
  it('P110, P112: give params values of their type and within their bounds', () => {
    assertPair('P110', 'param a : number = "5"', 'param a : number = 5')
    assertPair('P110', 'param a : nubmer = 5', 'param a : list of number = [5, 6]')
    assertPair('P110', 'param a : list of text = [5]', 'param a : list of text = ["5"]')
    assertPair('P110', 'param a : duration = 5 max 1h', 'param a : duration = 5m max 1h')
    assertPair('P112', 'param a : number = 200k max 100k', 'param a : number = 200k max 1M')
    assertPair('P112', 'param a : time = 2027-01-01 min 2027-06-01', 'param a : time = 2027-07-01 min 2027-06-01')
    assertPair('P112', 'param a : text = "a" max "b"', 'param a : text = "a"')
  })
  it('P110: keep a list to one kind', () => assertPair('P110', 'list a = ["x", 5]', 'list a = ["x", "5"]'))
  it('P114: set a default once per phase', () => {
    assertPair('P114', 'default request deny\ndefault request allow', 'default request deny\ndefault target allow')
  })
  it('P190: refuse what this version would ignore', () => {
    assertPair('P190', 'detector a {\n  pattern /\\d{4}/\n  normalize digits\n}', 'detector a {\n  pattern /\\d{4}/\n}')
    for (const text of [
      `overlay a for tenant "b" {\n  ${policy('deny "a.b"')}\n}`,
      policy('mode enforce for 25% by tenant.id\n  deny "a.b"'),
      on('request', 'jsonlogic """true"""'),
    ]) {
      assert.ok(
        check(text).some((line) => line.startsWith('P190')),
        text,
      )
    }
  })
})

describe('detectors', () => {
  const detector = (clauses: string): string => `detector d {\n  ${clauses}\n}`

  it('P124: are unions, or have patterns of their own', () => {
    assertPair('P124', `${DETECTORS}${detector('any number\n  score 0.9')}`, `${DETECTORS}${detector('any number\n  examples "1234"')}`)
    assertPair('P124', 'detector a {\n  any b\n}\ndetector b {\n  any a\n}', `${DETECTORS}${detector('any both, other')}`)
  })
  it('P112: keep numbers within their bounds', () => {
    assertPair('P112', detector('pattern /\\d{4}/\n  score 1.5'), detector('pattern /\\d{4}/\n  score 0.5'))
    assertPair('P112', detector('pattern /\\d{4}/\n  group 1'), detector('pattern /(\\d)\\d{3}/\n  group 1'))
  })
  it('P110: look for texts', () => assertPair('P110', `list l = [5]\n${detector('list l')}`, `list l = ["5"]\n${detector('list l')}`))
  it('P201, P202: hold their examples, also terms and unions', () => {
    const terms = (clause: string): string => `list l = ["angina", "c++"]\n${detector(`list l\n  ${clause}`)}`
    assertPair('P201', terms('examples "anginas"'), terms('examples "has Angina.", "in C++ only"'))
    assertPair('P202', terms('never "has ANGINA"'), terms('never "anginas"'))
    assertPair(
      'P201',
      `${DETECTORS}${detector('any number, other\n  examples "123"')}`,
      `${DETECTORS}${detector('any both\n  examples "1234", "abcdefghi"')}`,
    )
  })
})

describe('tests', () => {
  it('P110, P112: give values of the type of the attribute', () => {
    assertPair('P110', test('given key.scopes = "chat"\n  expect allow'), test('given key.scopes = ["chat"]\n  expect allow'))
    assertPair('P110', test('given request.tokens = "5"\n  expect allow'), test('given request.tokens = 5\n  expect allow'))
    assertPair('P112', test('given feature.pii = "scurb"\n  expect allow'), test('given feature.pii = "scrub"\n  expect allow'))
  })
  it('P106: expect verbs that there are, also alone', () => assertPair('P106', test('expect dney'), test('expect deny')))
  it('P104, P112: name attributes and roles that there are', () => {
    assertPair('P104', test('given tenant.paln = "a"\n  expect allow'), test('given tenant.plan = "a"\n  expect allow'))
    assertPair('P112', test('message usr "hi"\n  expect allow'), test('message user "hi"\n  expect allow'))
  })
  it('P114: have one answer', () => {
    assertPair('P114', test('answer "a"\n  chunks "a", "b"\n  expect allow'), test('chunks "a", "b"\n  expect allow'))
    assertPair('P114', test('given tenant.plan = "a", tenant.plan = "b"\n  expect allow'), test('given tenant.plan = "a"\n  expect allow'))
  })
})
