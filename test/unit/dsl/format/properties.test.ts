// What holds for every file: formatting twice changes nothing more, the artefact stays the same, no comment is lost.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { commentsOf, fmt, vocabulary } from './helpers.ts'
import { compile, formatPolicy, type SourceFile } from '../../../../dsl/index.ts'
import { readPolicyFiles } from '../../../../core/policy/load.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const runs = (large: number): number => (process.env['SALLYPORT_TEST_LONG'] ? large : Math.ceil(large / 30))
const SEED = 20261121

/** Everything of the artefact but places, or the diagnostics without theirs. */
function meaningOf(files: readonly SourceFile[]): unknown {
  const { bundle, diagnostics, tests } = compile(files, vocabulary)
  const said = diagnostics.map(({ code, message }) => `${code} ${message}`).sort()
  return { hash: bundle?.hash ?? null, said, tests: tests.map(({ title, given, messages }) => [title, [...given], messages]) }
}

describe('canonical form of the shipped policies', () => {
  for (const { path, text } of readPolicyFiles([join(ROOT, 'policies')], ROOT)) {
    it(`${path} is written in it`, () => assert.equal(fmt(text), text))
  }
  it('is that of the sample of the language', () => {
    const sample = readFileSync(join(ROOT, 'test/fixtures/syntax/sample.policy'), 'utf8')
    assert.equal(fmt(sample), sample)
  })
})

// ── files of random shape ────────────────────────────────────────────────────────────────────────────────────────────

const space = fc.constantFrom(' ', '  ', '\n', '\n\n\n', ' # note\n', '\n  # own line\n', '\t', '\r\n')
const word = fc.constantFrom('a', 'b', 'c')
const test = fc.constantFrom(
  'request.model == "x"',
  'request.tokens > 5 - 2',
  'prompt contains mail scoring 0.5',
  'key.scopes has any of ["a", "b"]',
  'some t in request.tools where (t.writes and t.name like "x*")',
  'tenant.region in ["eu", "us"]',
  'count(t in request.tools where t.writes) >= 2',
  'not (user.roles has "本部")',
)
const { condition } = fc.letrec<{ condition: string; group: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    test,
    fc.array(tie('group'), { minLength: 2, maxLength: 3 }).map((all) => all.join(' and ')),
    fc.array(tie('group'), { minLength: 2, maxLength: 3 }).map((all) => all.join(' or ')),
  ),
  group: fc.oneof(
    { depthSize: 'small' },
    test,
    tie('condition').map((inner) => `(${inner})`),
  ),
}))
const effect = fc.constantFrom(
  'deny "a.b" "No." with status 422',
  'limit tokens at 80% by tenant.id, key.id per day to 1_000',
  'limit requests per minute to 5k by tenant.id',
  'redact mail in prompt.user, prompt.tool with "[x]"',
  'mask mail except last 4 in prompt',
  'warn "a.w" """long\n   text"""',
  'tags "x", "y"',
  'maps pci_dss "3.4.1", gdpr "32"',
)
const policy = fc.record({ condition, effects: fc.array(effect, { minLength: 1, maxLength: 3 }), error: fc.boolean() }).map(
  ({ condition: when, effects, error }) =>
    (name: string) =>
      `policy p.${name} "t" { on request when ${when} ${[...new Set(effects)].join(' ')} ${error ? 'on error deny "a.e"' : ''} }`,
)
const TAIL = 'test "t" { given key.scopes = ["chat"], request.tokens = 5 message user "hi" expect policy p.a silent }'
const HEAD =
  'module p version "1"\nlist l = ["a", "b"]\nparam n : number = 5 max 10\nparam longer : list of text = ["x"]\ndetector mail { pattern /[a-z]+@x/ score 0.5 examples "a@x", "b@x" never "a" }\n'

/** A file whose white space is redrawn between all its words and signs; comments come in as well. */
const file = fc
  .tuple(policy, fc.uniqueArray(word, { minLength: 1, maxLength: 3 }), fc.array(space, { minLength: 20, maxLength: 40 }))
  .map(([body, names, spaces]) => {
    const text = HEAD + names.map((name) => body(name)).join('\n') + '\n' + TAIL
    let at = 0
    return text.replaceAll(/"""[^]*?"""|"[^"\n]*"|\/[^/\n]+\/|[ \n]+/g, (piece) =>
      /^[ \n]/.test(piece) ? spaces[at++ % spaces.length]! : piece,
    )
  })

describe('fmt', function () {
  this.timeout(600_000)
  it('is idempotent, preserves the meaning and loses no comment, whatever the white space', () => {
    fc.assert(
      fc.property(file, (text) => {
        const once = fmt(text)
        assert.equal(fmt(once), once)
        assert.deepEqual(commentsOf(once).toSorted(), commentsOf(text).toSorted())
        assert.deepEqual(meaningOf([{ path: 'a.policy', text: once }]), meaningOf([{ path: 'a.policy', text }]))
      }),
      { numRuns: runs(2000), seed: SEED },
    )
  })

  it('writes the same file whatever the white space was, but for the breaks and empty lines that it keeps', () => {
    const plain = fc.array(fc.constantFrom(' ', '   ', '\t'), { minLength: 5, maxLength: 9 })
    fc.assert(
      fc.property(policy, plain, plain, (body, one, two) => {
        const spaced = (spaces: readonly string[]): string => {
          let at = 0
          return body('a').replaceAll(/"""[^]*?"""|"[^"\n]*"| +/g, (piece) =>
            piece.startsWith(' ') ? spaces[at++ % spaces.length]! : piece,
          )
        }
        assert.equal(fmt(spaced(one)), fmt(spaced(two)))
      }),
      { numRuns: runs(1000), seed: SEED },
    )
  })

  it('gives back a text with errors as it was, and formats what still parses, whatever happened to it', () => {
    const sample = readFileSync(join(ROOT, 'test/fixtures/syntax/sample.policy'), 'utf8')
    const bit = fc.constantFrom(
      '\n',
      ' # c\n',
      '\r\n',
      '\r',
      '\ufeff',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '"',
      '"""',
      ',',
      ' and ',
      '-',
      '/',
      '\u3000',
    )
    const accident = fc.tuple(fc.nat(sample.length), fc.nat(2), bit)
    fc.assert(
      fc.property(fc.array(accident, { minLength: 1, maxLength: 3 }), (accidents) => {
        const text = accidents.reduce((all, [at, gone, put]) => all.slice(0, at) + put + all.slice(at + gone), sample)
        const { text: once, diagnostics } = formatPolicy({ path: 'a.policy', text }, vocabulary)
        if (diagnostics.length > 0) return assert.equal(once, text)
        assert.equal(fmt(once), once)
        assert.deepEqual(commentsOf(once).toSorted(), commentsOf(text).toSorted())
      }),
      { numRuns: runs(2000), seed: SEED },
    )
  })
})
