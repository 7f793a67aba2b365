// Literals: what is written, and what it is worth.
import assert from 'node:assert/strict'
import { isRealDate, kindOfNumeral, valueOfLongText, valueOfNumeral, valueOfText } from '../../../../dsl/syntax/literals.ts'

describe('numerals', () => {
  const cases: [string, ReturnType<typeof kindOfNumeral>, number][] = [
    ['0', 'number', 0],
    ['1_000', 'number', 1000],
    ['200k', 'number', 200_000],
    ['1.5M', 'number', 1_500_000],
    ['1.1M', 'number', 1_100_000],
    ['0.07', 'number', 0.07],
    ['25%', 'percent', 25],
    ['0.5%', 'percent', 0.5],
    ['500ms', 'duration', 500],
    ['10s', 'duration', 10_000],
    ['15m', 'duration', 900_000],
    ['12h', 'duration', 43_200_000],
    ['30d', 'duration', 2_592_000_000],
    ['2w', 'duration', 1_209_600_000],
    ['1.5h', 'duration', 5_400_000],
  ]
  for (const [text, kind, value] of cases) {
    it(`reads \`${text}\` as a ${kind}`, () => {
      assert.equal(kindOfNumeral(text), kind)
      assert.equal(valueOfNumeral(text), value)
    })
  }
  for (const text of ['1__0', '1_', '30days', '5x', '1K', '10M0']) it(`refuses \`${text}\``, () => assert.equal(kindOfNumeral(text), null))
  it('takes no more digits than a number can hold', () => {
    for (const image of ['9007199254740993', '0.1234567890123456', '1_234_567_890_123_456', '1234567890123456M'])
      assert.equal(kindOfNumeral(image), null, image)
    for (const image of ['999999999999999', '0.00000000000000001', '000000000000000001', '999999999999999M'])
      assert.equal(kindOfNumeral(image), 'number', image)
  })
  it('knows the calendar', () => {
    assert.equal(kindOfNumeral('2027-03-31'), 'date')
    assert.ok(isRealDate('2028-02-29'))
    for (const text of ['2027-02-29', '2027-13-01', '2027-00-10', '2027-04-31']) assert.ok(!isRealDate(text), text)
  })
})

describe('texts', () => {
  const cases: [string, string][] = [
    ['""', ''],
    ['"a b"', 'a b'],
    [String.raw`"\"\\\n\r\t"`, '"\\\n\r\t'],
    [String.raw`"\u00e9\u{1f600}"`, 'é😀'],
    [String.raw`"\\n"`, '\\n'],
    [String.raw`"\q"`, '\\q'],
    ['"open', 'open'],
  ]
  for (const [written, value] of cases) it(`reads ${written}`, () => assert.equal(valueOfText(written), value))
  it('drops the first line break and the shared indentation of a long text', () => {
    assert.equal(valueOfLongText('"""\n    one\n      two\n\n    three\n    """'), 'one\n  two\n\nthree\n')
    assert.equal(valueOfLongText('"""a \\n "b" """'), 'a \\n "b" ')
    assert.equal(valueOfLongText('"""'), '')
  })
})
