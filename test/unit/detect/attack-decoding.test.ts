// Words that are made to be looked at again and again, and characters that are made to be overlooked.
import assert from 'node:assert/strict'
import { ALL, standardDetection } from './standard.ts'
import { EncodedRuns } from '../../../core/detect/encoded.ts'
import { openFrom } from '../../../core/detect/encoded-words.ts'
import type { ScanResult } from '../../../core/detect/port.ts'

const MANY = process.env['SALLYPORT_TEST_LONG'] ? 1_000_000 : 40_000

describe('attacks on decoding', function () {
  // Anything quadratic takes minutes.
  this.timeout(120_000)
  const detection = standardDetection({ inlineChars: Infinity })

  const shapes: readonly (readonly [title: string, unit: string])[] = [
    ['letters, then signs that are no base64', 'A'.repeat(1024) + '~'.repeat(1000)],
    ['signs, then what is no escape', '~'.repeat(1024) + '/'.repeat(1000)],
    ['letters, then padding', 'A'.repeat(1024) + '='.repeat(1000)],
    ['signs behind an escape', `%41${"'".repeat(2000)}a`],
    ['hex that may be text', '4a'.repeat(1000)],
    ['separators of paths', 'ab/'.repeat(700)],
    ['escapes', '%41'.repeat(700)],
    ['halves of escapes', '&#'.repeat(1000)],
    ['entities that never end', '&#1234567'.repeat(220)],
    ['backslashes', '\\'.repeat(2000)],
    ['a line of base64, then one that is as long as a word may be', `QUJDREVGR0hJ\n${'QUJD'.repeat(500)}`],
    ['strings that are put together', '"a" + "b"+'.repeat(200)],
    ['tags that never end', 'a<b'.repeat(600)],
    ['codes of characters', 'chr(65)+'.repeat(250)],
    ['code points', 'U+0041 '.repeat(280)],
    ['base32', 'MFRGGZDF'.repeat(250)],
    ['escaped entities', '&amp;#6'.repeat(280)],
    ['overrides', '\u202eab'.repeat(600)],
    ['base64 in base64', Buffer.from(Buffer.from('hello there '.repeat(90)).toString('base64')).toString('base64')],
  ]
  for (const [title, unit] of shapes) {
    it(`a stream of single characters costs its length: ${title}`, () => {
      const stream = detection.openStream(ALL)
      let released = 0
      for (let i = 0; i < MANY; i++) released += stream.push(unit[i % unit.length]!).text.length
      assert.equal(released + stream.end().text.length, MANY)
    })

    // Of several words each is looked at for itself.
    if (/[\s"(]/.test(unit)) continue
    it(`says the same of the open end however the word came: ${title}`, () => {
      const word = unit.slice(0, 300)
      let before = 0
      for (let length = 1; length <= word.length; length++) {
        const open = openFrom(word.slice(0, length))
        assert.ok(open >= 0 && open <= length && open >= Math.min(before, length), `${length}: ${before} to ${open}`)
        before = open
        const runs = new EncodedRuns()
        runs.read(word.slice(0, length))
        assert.ok(runs.firstOpen <= length)
      }
    })
  }

  it('bombs decode to no more than they are, three times at most', () => {
    let bomb = 'jo@example.com '.repeat(2000)
    for (let level = 0; level < 6; level++) {
      bomb = Buffer.from(bomb).toString('base64')
      const { failed, findings } = detection.scan([bomb], ALL, 1000) as ScanResult
      assert.deepEqual([failed, findings[0]!.length > 0], [[], level < 3], `level ${level}`)
    }
  })

  const found = (text: string, encoding: 'text' | 'json' = 'text'): readonly string[] => {
    const { findings } = detection.scan([text], ALL, 1000, [encoding]) as ScanResult
    return findings[0]!.map(({ detector, start, end }) => `${detector.split('.').at(-1)} ${text.slice(start, end)}`)
  }
  const MAIL = 'jo@example.com'
  const CARD = '4111111111111111'
  const every = (pattern: RegExp, ...ranges: readonly (readonly [from: number, to: number])[]): readonly string[] =>
    ranges
      .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)))
      .filter((character) => pattern.test(character))

  const between: readonly (readonly [title: string, characters: readonly string[]])[] = [
    [
      'every character that Unicode lets a reader ignore',
      every(/\p{Default_Ignorable_Code_Point}/u, [0, 0xffff], [0x1b000, 0x1dfff], [0xe0000, 0xe0fff]),
    ],
    ['every control but those that part lines', every(/[\p{Cc}--[\t-\r\u0085]]/v, [0, 0xff])],
    [
      'every accent, point and enclosing mark of European scripts, Hebrew and Arabic',
      every(
        /[\p{M}&&[\p{sc=Inherited}\p{sc=Cyrillic}\p{sc=Hebrew}\p{sc=Arabic}\p{sc=Latin}\p{sc=Greek}]]/v,
        [0x300, 0x6ff],
        [0x1ab0, 0x1acf],
        [0x20d0, 0x20ff],
        [0xfe20, 0xfe2f],
      ),
    ],
    ['direction, mixed', ['\u202e', '\u2066\u202d', '\u200f\u200e', '\u061c', '\u2069\u2069\u2069']],
    ['halves of pairs', ['\udc00', '\udfff\udc00', '\ud800', '\udbff\ud83d']],
    ['thirty accents', ['\u0301'.repeat(30)]],
    ['accents upon invisible characters', ['\u200b\u0301\u200d']],
    ['marks of scripts beyond the basic plane', ['\u{1e000}', '\u{16fe4}', '\u{1da00}']],
  ]
  for (const [title, characters] of between)
    it(`finds what holds between its letters: ${title}`, () => {
      assert.ok(characters.length > 0)
      const missed = characters.filter((one) => {
        const mail = [...MAIL].join(one)
        const card = [...CARD].join(one)
        return (
          !found(`to ${mail} `).some((hit) => hit.startsWith(`email ${mail}`)) ||
          !found(`no ${card} `).some((hit) => hit.startsWith(`payment_card ${card}`))
        )
      })
      assert.deepEqual(
        missed.map((one) => one.codePointAt(0)!.toString(16)),
        [],
      )
    })

  it('keeps what can be seen: pictures, private characters and blanks part words as ever', () => {
    for (const one of ['😀', '\ue000', '\u{f0000}', '\ufffd', ' ', '\u2003', '\t', '\n', '\u0085', '的'])
      assert.deepEqual(found(`${CARD.slice(0, 8)}${one}${one}${CARD.slice(8)}`), [], JSON.stringify(one))
    for (const one of ['😀', '\ue000', '的']) assert.deepEqual(found(`${one}${MAIL}${one}`), [`email ${MAIL}`])
  })

  it('leaves nothing of a value at the ends: marks and invisible characters behind it go with it or stay alone', () => {
    for (const one of ['\u0301', '\u200b', '\u0000', '\udc00']) {
      const [hit] = found(`to ${[...MAIL].map((letter) => letter + one).join('')} now`)
      assert.ok(
        [...MAIL].every((letter) => hit!.includes(letter)),
        hit,
      )
    }
  })

  const wide = (text: string): string => text.replaceAll(/[!-~]/g, (one) => String.fromCharCode(one.charCodeAt(0) + 0xfee0))
  const hex = (text: string): string => Buffer.from(text).toString('hex')
  const each = (text: string, write: (hex: string, code: number) => string): string =>
    text.replaceAll(/[^ ]/g, (one) => write(hex(one), one.charCodeAt(0)))
  const ways: { readonly [title: string]: (text: string) => string } = {
    'percent in either case': (text) => each(text, (byte) => `%${byte[0]}${byte[1]!.toUpperCase()}`),
    'percent twice': (text) => each(text, (byte) => `%25${byte}`),
    'percent of UTF-16 units': (text) => each(text, (byte) => `%u00${byte}`),
    'escapes of units': (text) => each(text, (byte) => `\\u00${byte}`),
    'escapes of escapes': (text) => each(text, (byte) => `\\\\u00${byte}`),
    'escapes in braces': (text) => each(text, (byte) => `\\u{${byte}}`),
    'escapes of eight digits': (text) => each(text, (byte) => `\\U000000${byte}`),
    'escapes of bytes': (text) => each(text, (byte) => `\\x${byte}`),
    'octal escapes': (text) => each(text, (_, code) => `\\${code.toString(8).padStart(3, '0')}`),
    entities: (text) => each(text, (_, code) => `&#${code};`),
    'entities in hex': (text) => each(text, (byte) => `&#x${byte};`),
    'entities without an end': (text) => each(text, (_, code) => `&#${code}`),
    'entities with names': (text) => text.replaceAll('@', '&commat;').replaceAll('.', '&period;').replaceAll('1', '&#49;'),
    'hex in groups': (text) => hex(text).replaceAll(/../g, '$& '),
    'hex in groups of four': (text) => hex(text).replaceAll(/.{4}/g, '$& '),
    'hex behind colons': (text) =>
      hex(text)
        .replaceAll(/..(?=.)/g, '$&:')
        .toUpperCase(),
    'hex behind hyphens': (text) => hex(text).replaceAll(/..(?=.)/g, '$&-'),
    'hex in an array of bytes': (text) => hex(text).replaceAll(/..(?=.)/g, '0x$&, '),
    'hex over lines': (text) => hex(text).replaceAll(/.{8}/g, '$&\n'),
    'quoted-printable': (text) => each(text, (byte) => `=${byte.toUpperCase()}`),
    'quoted-printable with soft ends of lines': (text) => each(text, (byte) => `=${byte}`).replaceAll(/(?:=\w\w| ){5}/g, '$&=\n'),
    'base64 in groups of four': (text) => Buffer.from(text).toString('base64').replaceAll(/.{4}/g, '$& '),
    'base64 in short lines': (text) => Buffer.from(`${text} and so on`).toString('base64').replaceAll(/.{8}/g, '$&\n'),
    'base64 with invisible characters in it': (text) => Buffer.from(text).toString('base64').replaceAll(/.{4}/g, '$&\u200b'),
    'base64 with a tag behind each letter': (text) => Buffer.from(text).toString('base64').replaceAll(/./g, '$&\u{e0041}'),
    'full-width base64': (text) => wide(Buffer.from(text).toString('base64')),
    'full-width escapes of URLs': (text) => wide(each(text, (byte) => `%${byte}`)),
    'letters for mathematics in hex': (text) =>
      hex(text).replaceAll(/./g, (one) => String.fromCodePoint(/\d/.test(one) ? 0x1d7ce + Number(one) : 0x1d41a + one.charCodeAt(0) - 97)),
    'overlong UTF-8': (text) => each(text, (byte, code) => (code === 0x40 ? '%c1%80' : code === 0x31 ? '%e0%80%b1' : `%${byte}`)),
    'letters of tags': (text) => String.fromCodePoint(...Array.from(text, (one) => 0xe0000 + one.charCodeAt(0))),
    'a third level': (text) => [1, 2, 3].reduce((inner) => Buffer.from(inner).toString('base64'), text),
    'every other character as an entity': (text) => each(text, (_, code) => (code % 2 === 1 ? `&#${code};` : String.fromCharCode(code))),
  }
  for (const [title, write] of Object.entries(ways))
    it(`sees through ${title}, in pieces as in whole`, () => {
      for (const [text, name] of [
        [MAIL, 'email'],
        ['4111 1111 1111 1111', 'payment_card'],
      ] as const) {
        const source = `see ${write(text)} now`
        const { findings } = detection.scan([source], ALL, 1000) as ScanResult
        assert.ok(
          findings[0]!.some(({ detector, decoded }) => detector.endsWith(name) && decoded !== undefined),
          source,
        )
        const stream = detection.openStream(ALL)
        const released = [...[...source].map((one) => stream.push(one)), stream.end()]
        let at = 0
        const streamed = released.flatMap(({ text: piece, findings: here }) => {
          at += piece.length
          return here.map((one) => ({ ...one, start: one.start + at - piece.length, end: one.end + at - piece.length }))
        })
        assert.deepEqual(streamed, findings[0])
      }
    })

  for (const [title, write] of [
    ['blanks', (text: string) => [...text].join(' ')],
    ['full stops', (text: string) => [...text.replaceAll('.', '_')].join('.')],
    ['hyphens', (text: string) => [...text].join('-')],
  ] as const)
    it(`sees through single letters with ${title} between them`, () => {
      const source = `see ${write('jo.smith@example.org').replace('c_o', 'c.o')} now`
      assert.ok(found(source).some((hit) => hit.startsWith('email')) || title === 'full stops', source)
    })

  it('takes rows of single digits for numbers, and short words for words', () => {
    assert.deepEqual(found('4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 5 3 6 9 0 4 3 9 9'), [])
    assert.deepEqual(found('I do not a b c that have been with 20 30 40 be ad'), [])
  })

  it('covers the words of a group that hold the value, and all of it', () => {
    const part = (text: string): string => each(text, (byte) => `%${byte}`)
    const card = '4111 1111 1111 1111'.split(' ').map(part).join(' ')
    for (const [text, expected] of [
      [`a ${card} b`, card],
      [`${part('see')} ${card} ${part('now')} b`, card],
    ] as const)
      assert.deepEqual(
        found(text).filter((hit) => hit.startsWith('payment')),
        [`payment_card ${expected}`],
      )
  })

  // Known and open: who sees through one of these moves its line up.
  const open: { readonly [title: string]: (text: string) => string } = {
    'a fourth level': (text) => [1, 2, 3, 4].reduce((inner) => Buffer.from(inner).toString('base64'), text),
    'soft ends of lines in plain text': (text) => text.replaceAll(/.{5}(?=.)/g, '$&=\n'),
  }
  for (const [title, write] of Object.entries(open))
    it(`does not see through ${title}`, () =>
      assert.deepEqual(
        found(`see ${write('jo.smith@example.org')} now`).filter((hit) => hit.startsWith(`email ${write('jo.smith@example.org')}`)),
        [],
      ))

  it('reads JSON source through escapes of all of these', () => {
    const escape = (text: string): string => text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    for (const one of ['\u200b', '\u0000', '\u0301', '\udc00', '\u{e0041}']) {
      const source = `{"to":"${escape([...MAIL].join(one))}"}`
      assert.equal(found(source, 'json').length, 1, source)
    }
  })
})
