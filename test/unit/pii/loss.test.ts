// What models make of placeholders, and what of it still comes back: the loss rate, as a table that a change must change.
import assert from 'node:assert/strict'
import { Restorer } from '../../../plugins/pii/token-restorer.ts'
import { bareName, placeholderOf, tokenName } from '../../../plugins/pii/token-name.ts'

const VALUE = 'jo@example.com'
const NAMES = Array.from({ length: 200 }, (_, i) =>
  tokenName(Buffer.from('key'), `${i}`, { detector: i % 2 ? 'a.email' : 'a.payment_card', start: 0, end: 0, score: 1, checks: [] }),
)

const WAYS: { readonly [way: string]: readonly [comesBack: boolean, write: (name: string) => string] } = {
  'as it is': [true, placeholderOf],
  'in small letters': [true, (name) => placeholderOf(name.toLowerCase())],
  capitalised: [true, (name) => placeholderOf(name[0]! + name.slice(1).toLowerCase())],
  'with spaces inside the brackets': [true, (name) => `⟦ ${name} ⟧`],
  'with a space for the underscore': [true, (name) => placeholderOf(name.replaceAll('_', ' '))],
  'with a hyphen for the underscore': [true, (name) => placeholderOf(name.replaceAll('_', '-'))],
  'with the underscore escaped': [true, (name) => placeholderOf(name.replaceAll('_', '\\_'))],
  'broken over two lines': [true, (name) => placeholderOf(name.replace('_', '_\n'))],
  'in bold within the brackets': [true, (name) => placeholderOf(`**${name}**`)],
  'as code within the brackets': [true, (name) => placeholderOf(`\`${name}\``)],
  'with invisible characters': [true, (name) => placeholderOf(name.replaceAll('_', '\u200b_\u2060'))],
  'in full-width letters': [
    true,
    (name) => placeholderOf(name.replaceAll(/[A-Z0-9_]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))),
  ],
  'in brackets that look alike': [true, (name) => `〚${name}〛`],
  'without brackets': [false, (name) => name],
  'in square brackets': [false, (name) => `[[${name}]]`],
  'cut short': [false, (name) => placeholderOf(name.slice(0, -1))],
  'with another character': [false, (name) => placeholderOf(name.slice(0, -1) + (name.endsWith('A') ? 'B' : 'A'))],
}

describe('placeholders as models write them', () => {
  const restored = (name: string, written: string): boolean => {
    const bare = bareName(name)
    const restorer = new Restorer(
      { valueOf: (one) => (one === bare ? VALUE : null), mayBegin: (prefix) => bare.startsWith(prefix) },
      'text',
    )
    const out = restorer.push(`so ${written}, then`) + restorer.end()
    assert.ok(out === `so ${VALUE}, then` || out === `so ${written}, then`, out)
    return out.includes(VALUE)
  }
  for (const [way, [comesBack, write]] of Object.entries(WAYS)) {
    it(`${comesBack ? 'come back' : 'stay as they are'} ${way}`, () =>
      assert.equal(NAMES.filter((name) => restored(name, write(name))).length, comesBack ? NAMES.length : 0))
  }
})
