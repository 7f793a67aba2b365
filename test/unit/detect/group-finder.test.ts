// The finder of capture groups against RE2, which is the reference: over patterns of all forms and over those that are shipped.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { RE2JS } from 're2js'
import { GroupFinder, VERTICAL_TAB } from '../../../core/detect/group-finder.ts'
import { parsePattern, type PatternNode } from '../../../core/detect/pattern.ts'
import { PLUGINS } from '../../../core/plugins.ts'
import { openPolicySet } from '../../../core/policy/toolbox.ts'
import { randomOf } from './prose.ts'

const ROUNDS = process.env['SALLYPORT_TEST_LONG'] ? 60 : 6

const FORMS = [
  '(a|ab)(?:c|bcd)?',
  'x*?(a+?)a*',
  '(?:a|b)*(b)?a',
  '(a{2,5}?)a{1,3}',
  '\\b([a-c]+)\\b[ -]?(?:a|$)',
  '^.?([^a]{1,3})|(b)',
  '(?:(a)|b){1,4}c',
  '.([\\s.]{0,2})\\S',
  'k=(?:"([a-z]*)"|([a-z]+))',
  '(?:a?){2,4}(b|)',
  '(|a)(?:a|b)\\B',
]

describe('the finder of capture groups', () => {
  const random = randomOf(11)

  it('finds what RE2 finds, in patterns of all forms', () => {
    let found = 0
    for (const source of FORMS)
      for (let round = 0; round < ROUNDS * 100; round++) found += agree(source, 1, randomText('abck="\r\n\t .-', 12, random), 0)
    assert.ok(found > ROUNDS * 100)
  })

  it('finds what RE2 finds, in every shipped pattern with a group', () => {
    const { bundle } = openPolicySet([join(import.meta.dirname, '../../../policies')], PLUGINS)
    const wanted = bundle!.detectors.flatMap(({ patterns, group }) => (group > 0 ? patterns.map(({ source }) => ({ source, group })) : []))
    assert.ok(wanted.length > 100)
    let found = 0
    for (const { source, group } of wanted) {
      const pattern = parsePattern(source)
      for (let round = 0; round < ROUNDS; round++) {
        const match = sample(pattern, random)
        const text = `${randomText(' a"=', 1, random)}${match}${randomText(' a1"', 1, random)}`
        const cut = round % 2 === 0 ? text : text.slice(0, Math.ceil(text.length * random()))
        found += agree(source, group, cut, Math.floor(random() * 2))
      }
    }
    assert.ok(found > wanted.length)
  })

  it('leaves to RE2 what it does not know: an unbounded repeat of what may be empty, and patterns that are very large', () => {
    assert.equal(GroupFinder.of('(?:a?)+(b)', 1), null)
    assert.equal(GroupFinder.of('(?:(?:a{500}){100})(b)', 1), null)
    assert.equal(GroupFinder.of('a{900}(b)', 1)!.find('a'.repeat(30_000), 0), undefined)
  })

  it('takes no longer for nested repeats, however many readings a text has', () => {
    const finder = GroupFinder.of('(?:(?:a{1,8}){1,8}){1,8}(b)', 1)!
    assert.equal(finder.find('a'.repeat(200), 0), null)
  })
})

/** Returns how many times there was a match. */
function agree(source: string, group: number, text: string, from: number): number {
  if (text.includes(VERTICAL_TAB) || !/^[\t-\r\x20-\x7e]*$/.test(text)) return 0
  const matcher = RE2JS.compile(source).matcher(text)
  const expected = matcher.find(Math.min(from, text.length)) ? { start: matcher.start(group), end: matcher.end(group) } : null
  const place = GroupFinder.of(source, group)!.find(text, Math.min(from, text.length))
  assert.deepEqual(place, expected, `${source} over ${JSON.stringify(text)} from ${from}`)
  return expected ? 1 : 0
}

function randomText(alphabet: string, most: number, random: () => number): string {
  const length = Math.floor(random() * (most + 1))
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
}

/** A match of the pattern, but for its assertions. */
function sample(node: PatternNode, random: () => number): string {
  switch (node.kind) {
    case 'units': {
      const ascii = node.units.filter(([from]) => from < 0x7f)
      const [from, to] = ascii[Math.floor(random() * ascii.length)] ?? [32, 32]
      return String.fromCharCode(from + Math.floor(random() * (Math.min(to, 0x7e) - from + 1)))
    }
    case 'sequence':
      return node.items.map((item) => sample(item, random)).join('')
    case 'either':
      return sample(node.options[Math.floor(random() * node.options.length)]!, random)
    case 'assert':
      return ''
    case 'repeat': {
      const most = Math.min(node.most ?? Infinity, node.least + 12)
      const times = node.least + Math.floor(random() * (most - node.least + 1))
      return Array.from({ length: times }, () => sample(node.item, random)).join('')
    }
  }
}
