// Lexer and parser take any text at all: no exception, every token and every diagnostic at its place, nothing of the text lost.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { lex } from '../../../../dsl/syntax/lex.ts'
import { FEW } from '../syntax/helpers.ts'
import { parse } from '../../../../dsl/syntax/parse.ts'
import { chanceOf, damage, SAMPLE } from '../../../support/policy-text.ts'

const seed = 20_261_121
const source = (text: string): { path: string; text: string } => ({ path: 'a.policy', text })

/** Any UTF-16 at all, also halves of surrogate pairs; then strings of whole characters, and signs of the language among them. */
const anyText = fc.oneof(
  fc.array(fc.nat(0xff_ff), { maxLength: 120 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc
    .array(fc.oneof(fc.constantFrom(...'{}()[]"\'/\\#,.:?=!<>-+*%\n\r\t 09aZ_'), fc.string({ unit: 'binary', maxLength: 3 })), {
      maxLength: 80,
    })
    .map((parts) => parts.join('')),
  fc.nat().map((chance) => damage(SAMPLE.text, SAMPLE.text, chanceOf(chance))),
)

describe('any text', () => {
  it('becomes tokens in the order of the text, none of them overlapping', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { tokens, docs, diagnostics } = lex(source(text))
        let end = 0
        for (const { startOffset, endOffset } of [...tokens, ...docs].toSorted((a, b) => a.startOffset - b.startOffset)) {
          assert.ok(startOffset >= end && endOffset !== undefined && endOffset >= startOffset && endOffset < text.length)
          end = endOffset + 1
        }
        for (const { span } of diagnostics) assert.ok(0 <= span.start && span.start < span.end && span.end <= text.length)
      }),
      { seed, numRuns: FEW(20_000) },
    )
  })

  it('is read to its end: what is neither blank nor comment is in a token or in a diagnostic', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { tokens, docs, diagnostics } = lex(source(text))
        const seen = [...text]
        const units = text.split('')
        const cover = (start: number, end: number): void => void units.fill(' ', start, end)
        for (const { startOffset, endOffset } of [...tokens, ...docs]) cover(startOffset, endOffset! + 1)
        for (const { span } of diagnostics) cover(span.start, span.end)
        assert.equal(
          units
            .join('')
            .replaceAll(/#[^\n\r]*/g, '')
            .trim(),
          '',
          seen.join(''),
        )
      }),
      { seed, numRuns: FEW(20_000) },
    )
  })

  it('becomes a tree, the same one each time', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const first = parse(source(text))
        parse(source('policy ( "'))
        assert.deepEqual(parse(source(text)), first)
      }),
      { seed, numRuns: FEW(10_000) },
    )
  })
})
