// The artefact: deterministic, made of the portable core alone, independent of the order of files; and a compiler that never throws.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { CODES } from '../../../../dsl/diagnostics/codes.ts'
import { canonicalJson, compile, type JsonLogic, type SourceFile } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'
import { canonicalHash, sha256, writeCanonical } from '../../../../dsl/compile/canonical.ts'

const { vocabulary } = gatherWords(readVocabularies(PLUGINS, {}))
const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 3000 : 100
const root = join(import.meta.dirname, '../../../..')

const fileAt = (path: string): SourceFile => ({ path, text: readFileSync(join(root, path), 'utf8') })
const STANDARD = readdirSync(join(root, 'policies/standard')).map((name) => fileAt(`policies/standard/${name}`))
const GUARD = fileAt('test/fixtures/policies/guard.policy')
const SAMPLE = fileAt('test/fixtures/syntax/sample.policy')

const bundleOf = (...files: readonly SourceFile[]) => {
  const { bundle, diagnostics } = compile(files, vocabulary)
  assert.ok(bundle, JSON.stringify(diagnostics))
  return bundle
}
const policy = (body: string): SourceFile => ({ path: 'p.policy', text: `policy a.b "x" {\n${body}\n}` })
const whenOf = (condition: string): JsonLogic => bundleOf(policy(`on request\nwhen ${condition}\ndeny "a.b"`)).policies[0]!.when

describe('the artefact', () => {
  it('is named by the SHA-256 of what it says, not of where that stands', () => {
    const bundle = bundleOf(GUARD, ...STANDARD)
    const { hash, ...body } = bundle
    const spanless = { ...body, policies: body.policies.map(({ span: _, ...rest }) => rest) }
    assert.equal(hash, sha256(canonicalJson(spanless)))
    assert.equal(bundleOf({ ...GUARD, text: `# a comment\n\n${GUARD.text}` }, ...STANDARD).hash, hash)
    assert.notEqual(bundleOf({ ...GUARD, text: GUARD.text.replace('200k', '201k') }, ...STANDARD).hash, hash)
  })

  it('has the same bytes in whatever order the files come', () => {
    const bytes = canonicalJson(bundleOf(GUARD, ...STANDARD))
    fc.assert(
      fc.property(fc.shuffledSubarray([GUARD, ...STANDARD], { minLength: STANDARD.length + 1 }), (files) => {
        assert.equal(canonicalJson(bundleOf(...files)), bytes)
      }),
      { numRuns: 10, seed: 1 },
    )
  })

  it('may be longer than a text can be: a long list stands wherever it is used', () => {
    const list = Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(20_000, 'x'))
    const uses = Array.from({ length: 30 }, () => ({ in: [{ var: 'request.model' }, list] }))
    let length = 0
    writeCanonical(uses, (piece) => (length += piece.length))
    assert.ok(length > 600_000_000)
    assert.equal(canonicalHash(uses.slice(0, 2)), sha256(JSON.stringify(uses.slice(0, 2))))
  })

  it('uses the portable core alone', () => {
    const CORE = '=== !== < <= > >= and or ! in some none filter reduce if + - * merge substr cidr glob includes lower bind var'.split(' ')
    const used = new Set<string>()
    const walk = (logic: JsonLogic): void => {
      if (Array.isArray(logic)) for (const item of logic as readonly JsonLogic[]) walk(item)
      else if (typeof logic === 'object' && logic !== null) {
        for (const [operator, operand] of Object.entries(logic)) {
          used.add(operator)
          if (operator === 'var') assert.equal(typeof operand, 'string', 'paths are literal and have no default')
          walk(operand)
        }
      }
    }
    for (const logic of Object.values(bundleOf(GUARD, ...STANDARD).program)) walk(logic)
    assert.deepEqual(
      [...used].filter((operator) => !CORE.includes(operator)),
      [],
    )
  })

  it('survives JSON unchanged', () => {
    const bundle = bundleOf(GUARD, ...STANDARD)
    assert.equal(canonicalJson(JSON.parse(canonicalJson(bundle))), canonicalJson(bundle))
  })

  it('leaves policies out that are off, and keeps those in shadow', () => {
    const withMode = (mode: string): JsonLogic =>
      bundleOf(policy(`mode ${mode}\non request\nwhen request.stream\ndeny "a.b"`)).program.request
    assert.deepEqual(withMode('off'), { merge: [] })
    assert.deepEqual(withMode('shadow'), { merge: [{ if: [{ var: 'request.stream' }, ['a.b'], []] }] })
    assert.deepEqual(withMode('enforce'), withMode('shadow'))
  })

  it('carries the facts of a policy, with `medium` where none says how bad it is', () => {
    const [bare] = bundleOf(policy('on request\nallow')).policies
    assert.deepEqual(
      [bare?.severity, bare?.mode, bare?.owner, bare?.tags, bare?.maps, bare?.onError],
      ['medium', 'enforce', null, [], [], null],
    )
    const [full] = bundleOf(policy('severity low\nowner "me"\ntags "b", "a"\nmaps nist "1", nist "2"\non request\nallow')).policies
    assert.deepEqual(
      [full?.severity, full?.owner, full?.tags, full?.maps],
      [
        'low',
        'me',
        ['a', 'b'],
        [
          { framework: 'nist', control: '1' },
          { framework: 'nist', control: '2' },
        ],
      ],
    )
  })

  it('takes the stricter of the defaults of all modules', () => {
    const module = (name: string, text: string): SourceFile => ({ path: `${name}.policy`, text: `module ${name}\n${text}` })
    assert.equal(bundleOf(module('a', 'default request allow'), module('b', 'default request deny')).defaults.request, 'deny')
    assert.deepEqual(bundleOf(module('a', 'default request allow'), module('b', '')).defaults, {
      request: 'allow',
      target: 'allow',
      response: 'allow',
      stream: 'allow',
    })
  })
})

describe('conditions become JSON Logic', () => {
  const CASES: readonly (readonly [condition: string, logic: JsonLogic])[] = [
    ['tenant.id == "a"', { '===': [{ var: 'tenant.id' }, 'a'] }],
    ['request.tokens >= 5', { '>=': [{ var: 'request.tokens' }, 5] }],
    ['key.scopes has "chat"', { in: ['chat', { var: 'key.scopes' }] }],
    ['key.models has "a"', { and: [{ '!==': [{ var: 'key.models' }, null] }, { in: ['a', { var: 'key.models' }] }] }],
    ['key.scopes has any of []', false],
    ['key.scopes has all of []', true],
    ['tenant.id not in ["a"]', { '!': [{ in: [{ var: 'tenant.id' }, ['a']] }] }],
    ['client.ip in ["10.0.0.0/8"]', { or: [{ cidr: [{ var: 'client.ip' }, '10.0.0.0/8'] }] }],
    ['tenant.region exists', { '!==': [{ var: 'tenant.region' }, null] }],
    [
      '(request.max_tokens ?? 0) > 5',
      { '>': [{ if: [{ '!==': [{ var: 'request.max_tokens' }, null] }, { var: 'request.max_tokens' }, 0] }, 5] },
    ],
    ['every t in request.tools where (t.writes)', { none: [{ var: 'request.tools' }, { '!': [{ var: 'writes' }] }] }],
    [
      'count(t in request.tools where t.writes) > 1',
      {
        '>': [{ reduce: [{ filter: [{ var: 'request.tools' }, { var: 'writes' }] }, { '+': [{ var: 'accumulator' }, 1] }, 0] }, 1],
      },
    ],
    ['request.model starts with "gpt"', { '===': [{ substr: [{ var: 'request.model' }, 0, 3] }, 'gpt'] }],
  ]
  for (const [condition, logic] of CASES) it(condition, () => assert.deepEqual(whenOf(condition), logic))

  it('with the score of the detector, or any finding of a union', () => {
    const text = 'detector a {\n pattern /\\d{4}/\n score 0.7\n}\ndetector u {\n any a\n}\n'
    const found = (condition: string): JsonLogic =>
      bundleOf({ path: 'd.policy', text }, policy(`on request\nwhen ${condition}\ndeny "a.b"`)).policies[0]!.when
    assert.deepEqual(found('prompt contains a'), { '>=': [{ var: 'found.a.prompt.score' }, 0.7] })
    assert.deepEqual(found('prompt.tool contains a scoring 0.9'), { '>=': [{ var: 'found.a.prompt.tool.score' }, 0.9] })
    assert.deepEqual(found('prompt contains u'), { '>': [{ var: 'found.u.prompt.score' }, 0] })
    assert.deepEqual(found('prompt contains a scoring 0'), { '>': [{ var: 'found.a.prompt.score' }, 0] })
  })

  it('with the full names of imported detectors', () => {
    const using = {
      path: 'q.policy',
      text: 'module q\nimport standard.detectors as std\npolicy a.b "x" {\n on request\n when prompt contains std.email\n deny "a.b"\n}',
    }
    const { when } = bundleOf(using, ...STANDARD).policies.find(({ id }) => id === 'a.b')!
    assert.match(JSON.stringify(when), /found\.standard\.detectors\.email\.prompt\.score/)
  })
})

describe('the compiler', () => {
  const codes = new Set(CODES.map(({ code }) => code))
  const tokensOf = ({ text }: SourceFile): readonly string[] =>
    text.replaceAll(/#.*/g, '').match(/"[^"\n]*"|\/[^\n]*\/|[\w.]+|[=!<>]=|\S/g)!
  const TOKENS = { guard: tokensOf(GUARD), sample: tokensOf(SAMPLE) }

  function assertReports(text: string): void {
    const { bundle, diagnostics } = compile([{ path: 'p.policy', text }, ...STANDARD], vocabulary, { readList: () => 'asthma\n' })
    for (const { code, span, severity } of diagnostics) {
      assert.ok(codes.has(code), code)
      if (span.file === 'p.policy') assert.ok(span.start >= 0 && span.start <= span.end && span.end <= text.length, code)
      if (severity === 'error') assert.equal(bundle, null)
    }
  }

  it('answers every text with diagnostics, never with an exception', () => {
    const words = fc.constantFrom(...TOKENS.guard, ...TOKENS.sample)
    const edit = fc.record({ at: fc.nat(TOKENS.guard.length), drop: fc.nat(2), put: fc.array(words, { maxLength: 2 }) })
    const edits = fc.array(edit, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom('guard', 'sample'), edits, (name, all) => {
        const broken = [...TOKENS[name]]
        for (const { at, drop, put } of all) broken.splice(at, drop, ...put)
        assertReports(broken.join(' '))
      }),
      { numRuns: RUNS, seed: 4 },
    )
  })

  it('does not miss in a broken policy what it could not read there', () => {
    const { diagnostics } = compile([policy('on request\nwhen tenant.plan = "free"\ndeny "a.b" with with')], vocabulary)
    assert.deepEqual(
      diagnostics.filter(({ code }) => code === 'P115'),
      [],
    )
    assert.ok(diagnostics.length > 0)
  })

  it('reads names that are properties of every object as what they are', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      assertReports(
        `param ${name} : ${name} = 5\npolicy a.b "x" {\n on request\n when ${name}.${name} == "a" and ${name} has "x"\n ${name} ${name} in ${name}\n deny "${name}"\n}`,
      )
      assertReports(
        `test "x" {\n given ${name} = "a"\n message ${name} "x"\n expect ${name} ${name}\n}\ndetector ${name} {\n any ${name}\n check ${name}\n}`,
      )
    }
  })
})
