// Ways to write a value so that people and models still read it: each is seen through where it begins and ends, in a stream cut at every place as
// in the whole text.
import assert from 'node:assert/strict'
import { ALL, standardDetection } from './standard.ts'
import type { Finding } from '../../../core/model/content.ts'
import type { ScanResult } from '../../../core/detect/port.ts'

const detection = standardDetection({ inlineChars: Infinity })
const scan = (text: string): readonly Finding[] => (detection.scan([text], ALL, 1000) as ScanResult).findings[0]!

/** Findings of the text in pieces, at their places in the whole. */
function scanCut(pieces: readonly string[]): readonly Finding[] {
  const stream = detection.openStream(ALL)
  let at = 0
  return [...pieces.map((piece) => stream.push(piece)), stream.end()].flatMap(({ text, findings }) => {
    const from = at
    at += text.length
    for (const { start, end } of findings) assert.ok(start >= 0 && end <= text.length, 'a finding lies beside the text that it came with')
    return findings.map((one) => ({ ...one, start: one.start + from, end: one.end + from }))
  })
}

const MAIL = 'jo.smith@example.org'
const CARD = '4111 1111 1111 1111'
const KEY = 'AKIAQ3EGRIF7XN2TZ5KM'
const VALUES = [
  ['email', MAIL],
  ['payment_card', CARD],
  ['api_key', KEY],
] as const

/** The text with a word in place of what was found; of findings that overlap the first stands for all. */
function redacted(text: string, findings: readonly Finding[]): string {
  let clean = ''
  let at = 0
  for (const { start, end } of findings) {
    if (start >= at) clean += `${text.slice(at, start)}[hidden]`
    at = Math.max(at, end)
  }
  return clean + text.slice(at)
}

type Disguise = (text: string) => string

function pairs(plain: string, others: string): Disguise {
  const [from, to] = [Array.from(plain), Array.from(others)]
  return (text) => Array.from(text, (one) => to[from.indexOf(one)] ?? one).join('')
}
const from =
  (first: string, plain: string): Disguise =>
  (text) =>
    text.replaceAll(/[^]/g, (one) => {
      const i = plain.indexOf(one)
      return i < 0 ? one : String.fromCodePoint(first.codePointAt(0)! + i)
    })

const SMALL = 'abcdefghijklmnopqrstuvwxyz'

/** Letters and signs that stand for others, one for one. */
const LETTERS: { readonly [title: string]: Disguise } = {
  'Greek letters, epsilon, eta and omega among them': pairs('aeinoptuvwxABEHIKMNOPTXYZ', 'αεινορτυνωχΑΒΕΗΙΚΜΝΟΡΤΧΥΖ'),
  'Coptic letters': pairs('aehikmnopctxABEHIKMNOPCTXY', 'ⲁⲉⲏⲓⲕⲙⲛⲟⲣⲥⲧⲭⲀⲂⲈⲎⲒⲔⲘⲚⲞⲢⲤⲦⲬⲨ'),
  'Lisu letters': pairs('BPDTGKJCZFMNLSRVHWXYAEIOU', 'ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ'),
  'Cherokee letters': pairs('ABCDEGHIJKLMPRSTVWYZ', 'ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᎩᏃ'),
  'letters with accents in one character': pairs('aeioucsAEIOUCS', 'áéíóúçšÁÉÍÓÚÇŠ'),
  'letters with strokes and hooks': pairs('hlotfszHLT', 'ħłøŧƒʂʐĦŁŦ'),
  'dotless letters': pairs('ij', 'ıȷ'),
  'letters in brackets': from('⒜', SMALL),
  'digits in brackets': from('⑴', '123456789'),
  'digits with full stops': from('⒈', '123456789'),
  'digits in two circles': from('⓵', '123456789'),
  'digits of dingbats': from('➀', '123456789'),
  'Chinese digits': pairs('0123456789', '〇一二三四五六七八九'),
  'Chinese digits of bankers': pairs('0123456789', '零壹贰叁肆伍陆柒捌玖'),
  'digits of Suzhou': pairs('0123456789', '〇〡〢〣〤〥〦〧〨〩'),
  'ideographic full stops': pairs('.', '。'),
  'half-width ideographic full stops': pairs('.', '｡'),
  'middle dots': pairs('.', '·'),
  bullets: pairs('.', '•'),
  'em dashes': (text) => pairs('- ', '——')(text),
  'horizontal bars': (text) => pairs('- ', '――')(text),
  'object replacement characters': (text) => [...text].join('\ufffc'),
}

const base64: Disguise = (text) => Buffer.from(text).toString('base64')
const hex: Disguise = (text) => Buffer.from(text).toString('hex')
const every =
  (chars: number, between: string): Disguise =>
  (text) =>
    text.replaceAll(new RegExp(`.{${chars}}(?=.)`, 'gs'), `$&${between}`)

/** Of a value that ends in its last line: what is found covers the first line too. */
const LINES: { readonly [title: string]: Disguise } = {
  'base64 in lines of twelve': (text) => every(12, '\n')(base64(text)),
  'base64 in lines of sixteen': (text) => every(16, '\r\n')(base64(text)),
  'base64 in indented lines': (text) => every(16, '\n    ')(base64(text)),
  'base64 in quoted mail': (text) => every(16, '\n> ')(base64(text)),
  'base64 in comments': (text) => every(16, '\n// ')(base64(text)),
  'base64 in strings that are put together': (text) => `"${every(12, '" + "')(base64(text))}"`,
  'base64 in strings on lines': (text) => `'${every(12, "'\n  '")(base64(text))}'`,
  'base64 in lines whose ends are escapes': (text) => every(12, '\\n')(base64(text)),
  'base64 in lines whose ends are long escapes': (text) => every(16, '\\r\\n')(base64(text)),
  'hex in lines': (text) => every(16, '\n')(hex(text)),
}

const codes =
  (write: (code: number) => string, between: string): Disguise =>
  (text) =>
    Array.from(Buffer.from(text), write).join(between)

/** Codes of characters, and characters with something between them. */
const GROUPS: { readonly [title: string]: Disguise } = {
  'decimal codes': codes(String, ' '),
  'decimal codes in a list': (text) => `[${codes(String, ',')(text)}]`,
  'decimal codes of three digits': codes((code) => String(code).padStart(3, '0'), ' '),
  'decimal codes over lines': codes(String, '\n'),
  'octal codes': codes((code) => code.toString(8), ' '),
  'octal codes with a prefix': codes((code) => `0o${code.toString(8)}`, ', '),
  'binary codes': codes((code) => code.toString(2).padStart(8, '0'), ' '),
  'binary codes of seven digits': codes((code) => code.toString(2).padStart(7, '0'), ', '),
  'binary codes with a prefix': codes((code) => `0b${code.toString(2).padStart(8, '0')}`, ' '),
  'code points': codes((code) => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`, ' '),
  'thin blanks between all characters': (text) => [...text].join('\u2009'),
  'no-break blanks between all characters': (text) => [...text].join('\u00a0'),
  'ideographic blanks between all characters': (text) => [...text.replaceAll(' ', '')].join('\u3000'),
  'two blanks between all characters': (text) => [...text.replaceAll(' ', '')].join('  '),
  'blanks with zero width and others between all characters': (text) => [...text.replaceAll(' ', '')].join('\u200b '),
  'blanks between all characters': (text) => [...text.replaceAll(' ', '')].join(' '),
  'commas between all characters': (text) => [...text.replaceAll(' ', '')].join(', '),
  'hyphens between all characters': (text) => [...text.replaceAll(' ', '')].join('-'),
}

const each =
  (write: (code: number) => string): Disguise =>
  (text) =>
    codes(write, '')(text)
const base32 =
  (digits: string): Disguise =>
  (text) => {
    const bits = codes((code) => code.toString(2).padStart(8, '0'), '')(text)
    return bits.replaceAll(/.{1,5}/g, (five) => digits[Number.parseInt(five.padEnd(5, '0'), 2)]!)
  }

const ESCAPES: { readonly [title: string]: Disguise } = {
  'entities that are escaped': each((code) => `&amp;#${code};`),
  'entities in hex that are escaped': each((code) => `&amp;#x${code.toString(16)};`),
  'signs that are escaped twice': (text) => text.replaceAll('@', '&amp;commat;').replaceAll('1', '&amp;#49;').replaceAll('K', '&amp;#75;'),
  'entities with many zeros': each((code) => `&#${String(code).padStart(10, '0')};`),
  'entities that nobody sees, in the middle': (text) => `${text.slice(0, 3)}&ZeroWidthSpace;${text.slice(3).replaceAll(' ', '')}`,
  'escapes of Perl': each((code) => `\\x{${code.toString(16)}}`),
  'code points in escapes': each((code) => `\\N{U+${code.toString(16)}}`),
  'blanks, tabs and brackets by their names': (text) =>
    `&lsqb;${text.replace(' ', '&thinsp;').replace(' ', '&ensp;').replace('@', '&commat;')}&rsqb;`,
  'UTF-16 with its byte order mark in base64': (text) => Buffer.from(`\ufeff${text}`, 'utf16le').toString('base64'),
  base32: (text) => `${base32('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567')(text)}==`,
  'base32 in small letters': base32('abcdefghijklmnopqrstuvwxyz234567'),
  'bytes in variation selectors': (text) => each((code) => String.fromCodePoint(code < 16 ? 0xfe00 + code : 0xe0100 + code - 16))(text),
  'letters from the end to the start behind an override': (text) => `\u202e${[...text.replaceAll(' ', '')].toReversed().join('')}\u202c`,
}

const inPieces =
  (between: string): Disguise =>
  (text) =>
    every(6, between)(text.replaceAll(' ', ''))

const PIECES: { readonly [title: string]: Disguise } = {
  'strings that are put together': inPieces('" + "'),
  'strings that are put together without blanks': inPieces("'+'"),
  'strings of PHP': inPieces("' . '"),
  'strings of SQL': inPieces("' || '"),
  'strings of Lua': inPieces('" .. "'),
  'strings of Haskell': inPieces('" ++ "'),
  'strings of Elixir': inPieces('" <> "'),
  'strings side by side': inPieces('" "'),
  'empty strings of a shell inside': inPieces("''"),
  'strings over lines': inPieces('"\n    "'),
  'strings that are put together over lines': inPieces('" +\n    "'),
  'lines that go on behind a backslash': inPieces('\\\n'),
  'comments of HTML inside': inPieces('<!-- x -->'),
  'tags inside': inPieces('</b><b>'),
  'tags with attributes inside': inPieces('<span class="x"></span>'),
  'emphasis inside': inPieces('**'),
}

describe('disguises', () => {
  const all = { ...LETTERS, ...LINES, ...GROUPS, ...ESCAPES, ...PIECES }
  for (const [title, write] of Object.entries(all))
    it(`sees through ${title}`, () => {
      const changed = VALUES.filter(([, value]) => write(value) !== value)
      assert.ok(changed.length > 0)
      for (const [name, value] of changed) {
        const text = `see ${write(value)} now`
        const found = scan(text)
        assert.ok(
          found.some(({ detector, start, end }) => detector.endsWith(name) && start <= 5 && end >= text.length - 5),
          `${name} ${text} ${JSON.stringify(found)}`,
        )
        for (let at = 1; at < text.length; at++) assert.deepEqual(scanCut([text.slice(0, at), text.slice(at)]), found)
        assert.deepEqual(scanCut(text.split('')), found)
        const clean = redacted(text, found)
        assert.ok(clean.isWellFormed() && redacted(clean, scan(clean)) === clean, clean)
      }
    })

  it('finds a value of several words of which one has an escape, from its first character to its last', () => {
    const values = [
      ['payment_card', CARD],
      ['iban', 'DE89 3704 0044 0532 0130 00'],
    ] as const
    const escapes = ['&shy;', '&#8203;', '\\u200b', '%E2%80%8B', '&ZeroWidthSpace;']
    for (const [name, value] of values)
      for (let at = 1; at < value.length; at++) {
        const code = value.charCodeAt(at)
        const written = [`&#${code};`, `%${code.toString(16)}`, `\\x${code.toString(16)}`, ...escapes.map((escape) => escape + value[at]!)]
        const escape = written[at % written.length]!
        const disguised = value.slice(0, at) + escape + value.slice(at + 1)
        const text = `see ${disguised}, now`
        const found = scan(text).filter(({ detector }) => detector.endsWith(name))
        assert.deepEqual(
          found.map(({ start, end }) => text.slice(start, end)),
          [disguised],
        )
        for (let cut = 1; cut < text.length; cut++)
          assert.deepEqual(scanCut([text.slice(0, cut), text.slice(cut)]), scan(text), `${cut} ${text}`)
        assert.deepEqual(scanCut(text.split('')), scan(text))
      }
  })

  it('sees through lists of characters and calls that decode', () => {
    for (const write of [
      (text: string) => `String.fromCharCode(${codes(String, ',')(text)})`,
      codes((code) => `chr(${code})`, '+'),
      codes((code) => `CHAR(${code})`, ' || '),
      codes((code) => `chr(${code})`, ' . '),
      (text: string) => `key=${codes(String, ' ')(text)}`,
      (text: string) => JSON.stringify([...text]),
      (text: string) => `['${[...text].join("', '")}']`,
      (text: string) => `data:text/plain;base64,${base64(text)}`,
      (text: string) => `atob("${base64(text)}")`,
      (text: string) => `X'${hex(text)}'`,
    ])
      for (const [name, value] of VALUES) {
        const found = scan(`see ${write(value)} now`)
        assert.ok(
          found.some(({ detector }) => detector.endsWith(name)),
          write(value),
        )
        assert.deepEqual(scanCut(`see ${write(value)} now`.split('')), found)
      }
  })

  it('takes rows of numbers, single digits and abbreviations for what they are', () => {
    for (const text of [
      '10, 20, 30, 40, 50, 60, 70, 80, 90, 100',
      '65 66 67 68 69 70 71 72 73 74 75 76',
      '[0, 1, 1, 0, 0, 1]',
      'e.g. i.e. U.S.A. a.k.a. p.s.',
      '00000000 11111111 01010101',
      'x, y, z and f(a, b) { return c }',
      'INTERNATIONALIZATION characteristically MFRGGZDFMZTWQ2LK',
      '"one" + "two" + other; a ** b; <td>jo</td><td>@example.com</td>',
      'R&amp;D &amp; a=1&amp;b=2',
      'a heart ❤️ and a flag 🏳️‍🌈 and more ❤️❤️❤️❤️❤️❤️❤️',
    ])
      assert.deepEqual(scan(text), [], text)
  })
})
