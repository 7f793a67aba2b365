// Detectors are written from the forms that issuers publish, never from the corpora that measure them: what a shipped detector gives as an
// example stands in no corpus. Format prefixes and samples that every handbook prints are nobody's strings.
import assert from 'node:assert/strict'
import { openScanner, type Scanner } from './scanner.ts'
import { readLines } from './corpora.ts'

/** A value that is held, or a text that is part of a line, is a chance below these many characters. */
const HELD_FROM_CHARS = 10
const PART_FROM_CHARS = 12
const EQUAL_FROM_CHARS = 8

/** Printed by the issuers themselves, for documentation: a test card each of Visa and American Express, the IBAN of the standard, loopback, a key of AWS. */
const PUBLISHED = ['4111111111111111', '378282246310005', 'DE89 3704 0044 0532 0130 00', '127.0.0.1', 'AKIAIOSFODNN7EXAMPLE']
const COUNTED = ['01234567890123456789', '9876543210', 'abcdefghijklmnopqrstuvwxyz']

/** One character over and over, or counting: an empty form. */
const isFiller = (text: string): boolean => /^(.)\1+$/.test(text) || COUNTED.some((run) => run.includes(text.toLowerCase()))
const isWord = (text: string): boolean => /^\p{L}+$/u.test(text)
const isNobodys = (text: string): boolean => isFiller(text) || isWord(text) || PUBLISHED.includes(text)

describe('the examples of the shipped detectors', () => {
  let scanner: Scanner
  let values: readonly string[]
  let texts: readonly string[]

  before(() => {
    scanner = openScanner()
    const lines = readLines()
    texts = lines.map(({ text }) => text)
    const marked = lines.flatMap(({ text, trials }) => trials.map(({ span }) => (span ? text.slice(...span) : text)))
    values = [...new Set(marked)].filter((value) => value.length >= EQUAL_FROM_CHARS && !isNobodys(value))
  })
  after(() => scanner.close())

  const all = (): readonly { readonly name: string; readonly example: string }[] =>
    scanner.set.bundle!.detectors.flatMap(({ name, examples, never }) => [...examples, ...never].map((example) => ({ name, example })))

  it('are no values of the corpora, and hold none', () => {
    assert.ok(values.length > 1000 && all().length > 1000, 'nothing to compare')
    const borrowed = all().flatMap(({ name, example }) => {
      const value = values.find((one) => one === example || (one.length >= HELD_FROM_CHARS && example.includes(one)))
      return value === undefined ? [] : [`${name}: ${JSON.stringify(example)} holds ${JSON.stringify(value)}`]
    })
    assert.deepEqual(borrowed, [])
  })

  it('are no parts of their lines', () => {
    const borrowed = all().flatMap(({ name, example }) => {
      if (example.length < PART_FROM_CHARS || isNobodys(example)) return []
      const text = texts.find((one) => one.includes(example))
      return text === undefined ? [] : [`${name}: ${JSON.stringify(example)} stands in ${JSON.stringify(text.slice(0, 200))}`]
    })
    assert.deepEqual(borrowed, [])
  })
})
