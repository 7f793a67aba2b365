// What people and programs get to see: the rendering, the JSON, the catalogue of codes, did-you-mean.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { CODES, explainCode } from '../../../../dsl/diagnostics/codes.ts'
import type { Diagnostic } from '../../../../dsl/diagnostics/diagnostic.ts'
import { renderDiagnostics, toJson } from '../../../../dsl/diagnostics/render.ts'
import { didYouMean, editDistance, nearest } from '../../../../dsl/diagnostics/suggest.ts'
import { N, parseText } from './helpers.ts'

const at = (start: number, end: number, more: Partial<Diagnostic> = {}): Diagnostic => ({
  code: 'P020',
  severity: 'error',
  message: 'wrong',
  span: { file: 'a.policy', start, end },
  ...more,
})

function render(text: string, diagnostic: Diagnostic, colour = false): string {
  return renderDiagnostics([diagnostic], [{ path: 'a.policy', text }], { colour })
}

describe('the rendering', () => {
  it('shows place, line, carets and help', () => {
    const text = 'policy a.b {\n  when tenant.plan = "free"\n  allow\n}'
    assert.equal(
      renderDiagnostics(parseText(text).diagnostics, [{ path: 'a.policy', text }], { colour: false }),
      [
        'error P020: `=` does not compare',
        ' --> a.policy:2:20',
        '  |',
        '2 |   when tenant.plan = "free"',
        '  |                    ^',
        '  = help: Write `==` to compare; `=` only gives a value a name.',
      ].join('\n'),
    )
  })

  const carets = (text: string, start: number, end: number): string[] => render(text, at(start, end)).split('\n').slice(3)

  it('keeps the carets under the text behind a tab', () => assert.deepEqual(carets('\ta = b', 3, 4), ['1 |     a = b', '  |       ^']))
  it('counts wide signs twice and combined ones once', () => {
    assert.deepEqual(carets('漢字 x', 3, 4), ['1 | 漢字 x', '  |      ^'])
    assert.deepEqual(carets('👩‍👧 x', 6, 7), ['1 | 👩‍👧 x', '  |    ^'])
    assert.deepEqual(carets('e\u0301 x', 3, 4), ['1 | e\u0301 x', '  |   ^'])
  })
  it('shows signs that move the cursor or turn the writing as a dot', () =>
    assert.deepEqual(carets('a\u202e\u001b b', 4, 5), ['1 | a·· b', '  |     ^']))
  it('puts one caret where a span is empty, also at the end of the file', () => {
    assert.deepEqual(carets('abc', 3, 3), ['1 | abc', '  |    ^'])
    assert.deepEqual(carets('', 0, 0), ['1 |', '  | ^'])
  })
  it('shows the first and the last line of a longer span', () => {
    assert.deepEqual(carets('a b\nc\n  d e\n', 2, 9), ['1 | a b', '  |   ^', '  :', '3 |   d e', '  |   ^'])
  })
  it('cuts a long line around the place', () => {
    const [line = '', run = ''] = carets(`${'x'.repeat(500)}=${'y'.repeat(500)}`, 500, 501)
    assert.ok(line.length < 180 && line.includes('…'))
    assert.equal(line[run.indexOf('^')], '=')
  })
  it('counts lines that end with \\r\\n', () => assert.match(render('a\r\nb\r\nc', at(6, 7)), /a\.policy:3:1\n.*\n3 \| c\n/))
  it('shows related places', () =>
    assert.match(
      render('a\nb', at(2, 3, { related: [{ span: { file: 'a.policy', start: 0, end: 1 }, message: 'first here' }] })),
      /\^ first here$/m,
    ))
  it('colours only when asked', () => {
    assert.ok(!render('a', at(0, 1)).includes('\u001B'))
    assert.ok(render('a', at(0, 1), true).includes('\u001B[1;31m'))
  })
  it('names the file where its text is not at hand', () =>
    assert.equal(renderDiagnostics([at(5, 6)], [], { colour: false }).split('\n')[1], ' --> a.policy'))

  it('never throws, and its caret stands under the first sign of the span', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.nat(90), fc.nat(20), (text, start, length) => {
        const lines = render(text, at(Math.min(start, text.length), Math.min(start + length, text.length))).split('\n')
        assert.ok(lines.some((line) => line.includes('^')))
      }),
      { seed: 7, numRuns: N(5_000) },
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z =]{0,60}$/), fc.nat(59), (text, start) => {
        const [line = '', run = ''] = carets(`${text}#`, Math.min(start, text.length), Math.min(start, text.length) + 1)
        assert.equal(line[run.indexOf('^')], `${text}#`[Math.min(start, text.length)])
      }),
      { seed: 7, numRuns: N(2_000) },
    )
  })
})

describe('the JSON', () => {
  it('gives lines and columns beside offsets', () => {
    assert.deepEqual(toJson([at(3, 4, { help: 'Do so.' })], [{ path: 'a.policy', text: 'a\n b\n' }]), [
      {
        code: 'P020',
        severity: 'error',
        message: 'wrong',
        file: 'a.policy',
        start: { line: 2, column: 2, offset: 3 },
        end: { line: 2, column: 3, offset: 4 },
        help: 'Do so.',
        related: [],
      },
    ])
  })
})

describe('the catalogue of codes', () => {
  it('holds each code once, in order, with a title and an explanation', () => {
    const codes = CODES.map(({ code }) => code)
    assert.deepEqual(codes, [...new Set(codes)].sort())
    for (const { code, title, explanation } of CODES) {
      assert.match(code, /^P\d{3}$/)
      assert.ok(title.length > 3 && !title.endsWith('.') && explanation.endsWith('.'), code)
    }
    assert.equal(explainCode('p020')?.title, '`=` in a condition')
    assert.equal(explainCode('P999'), null)
  })

  it('holds exactly the codes that the language raises', () => {
    const root = new URL('../../../../dsl/', import.meta.url)
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && !file.includes('codes-'),
    )
    const raised = new Set(
      sources.flatMap((file) =>
        [...readFileSync(new URL(file.replaceAll('\\', '/'), root), 'utf8').matchAll(/'(P\d{3})'/g)].map((match) => match[1]),
      ),
    )
    assert.deepEqual(raised, new Set(CODES.map(({ code }) => code)))
  })
})

describe('did-you-mean', () => {
  const words = ['tenant.plan', 'tenant.region', 'target.zone', 'deny', 'allow']
  it('finds the nearest of the words', () => {
    assert.equal(nearest('tenant.paln', words), 'tenant.plan')
    assert.equal(nearest('dney', words), 'deny')
    assert.equal(didYouMean('alow', words), 'Did you mean `allow`?')
  })
  it('stays silent where nothing is near', () => assert.equal(nearest('severity', words), null))
  it('counts a swap of neighbours as one slip', () => assert.equal(editDistance('abcd', 'acbd', 3), 1))
  it('is symmetric, zero only for equal words, and bounded', () => {
    const word = fc.stringMatching(/^[abc]{0,8}$/)
    fc.assert(
      fc.property(word, word, fc.nat(9), (a, b, bound) => {
        const distance = editDistance(a, b, bound)
        assert.equal(distance, editDistance(b, a, bound))
        assert.equal(distance === 0, a === b)
        assert.equal(distance, Math.min(editDistance(a, b, 20), bound + 1))
      }),
      { seed: 7, numRuns: N(5_000) },
    )
  })
})
