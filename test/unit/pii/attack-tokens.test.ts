// Tokens against those who would like to have the values: another policy, a tool nobody named, an answer of very many parts.
import assert from 'node:assert/strict'
import { ExchangeTokens } from '../../../plugins/pii/tokens.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { MemoryVault } from '../../support/memory-vault.ts'
import { bareName, namesIn } from '../../../plugins/pii/token-name.ts'
import type { EffectCall, ExchangeView, Host, TokenPlace } from '../../../core/plugin/index.ts'

const TEXT: TokenPlace = { encoding: 'text', tool: null }
const into = (tool: string): TokenPlace => ({ encoding: 'json', tool })
const VALUE = 'jo@example.com'
const found = (detector: string) => ({ detector, start: 0, end: 0, score: 1, checks: [] })
const call = (operands: EffectCall['operands'] = {}): EffectCall => ({
  verb: 'tokenize',
  phrase: '',
  policy: 'p',
  severity: 'high',
  operands,
})

describe('attacks on tokens', () => {
  let clock: ManualClock
  let vault: MemoryVault
  beforeEach(() => {
    clock = new ManualClock()
    vault = new MemoryVault(clock)
  })

  const open = (session = 's'): ExchangeTokens =>
    new ExchangeTokens({ state: { vault }, clock } as unknown as Host, Buffer.alloc(32, 7), {
      tenant: { id: 'acme' },
      principal: { keyId: 'k', user: null },
      claims: { session, user: null },
    } as unknown as ExchangeView)
  const restore = (tokens: ExchangeTokens, text: string, place = TEXT): string => {
    const restorer = tokens.open(place)
    return restorer ? restorer.push(text) + restorer.end() : text
  }

  it('one policy can not open a tool that another keeps shut, though their detectors have the same last word', async () => {
    for (const order of [
      ['a.email', 'b.email'],
      ['b.email', 'a.email'],
    ]) {
      const tokens = open()
      const placeholders = order.map((detector) =>
        tokens.issue(VALUE, found(detector), [
          detector === 'a.email' ? call({ name: ['send_mail'], duration: 60_000 }) : call({ duration: 5000 }),
        ]),
      )
      assert.equal(placeholders[0], placeholders[1])
      assert.equal(restore(tokens, `"${placeholders[0]}"`, into('send_mail')), `"${placeholders[0]}"`, order.join())
      await tokens.keep()
      assert.equal(vault.lastExpiry(bareName(placeholders[0]!)), clock.now() + 5000, order.join())
    }
  })

  it('what was recalled goes into tools as soon as a policy of this exchange says so, and not before', async () => {
    const first = open()
    const placeholder = first.issue(VALUE, found('a.email'), [call({ name: ['send_mail'] })])
    await first.keep()
    const second = open()
    await second.recall([placeholder])
    assert.equal(restore(second, `"${placeholder}"`, into('send_mail')), `"${placeholder}"`)
    assert.equal(second.issue(VALUE, found('a.email'), [call({ name: ['send_mail'] })]), placeholder)
    assert.equal(restore(second, `"${placeholder}"`, into('send_mail')), `"${VALUE}"`)
    assert.equal(restore(second, `"${placeholder}"`, into('send_mail ')), `"${placeholder}"`)
  })

  it('names of prototypes are no tools and no placeholders', () => {
    const tokens = open()
    const placeholder = tokens.issue(VALUE, found('a.email'), [call({ name: ['send_mail'] })])
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      assert.equal(restore(tokens, `"${placeholder}"`, into(name)), `"${placeholder}"`)
      assert.equal(restore(tokens, `⟦${name}⟧`), `⟦${name}⟧`)
    }
  })

  it('an answer of very many parts, tools and placeholders that are none costs what its length costs', () => {
    const tokens = open()
    const many = Array.from({ length: 10_000 }, (_, i) => tokens.issue(`jo${i}@example.com`, found('a.email'), [call({ name: ['t'] })]))
    // Gathering ten thousand names for each of these parts would be a thousand million steps.
    let restored = 0
    for (let i = 0; i < 100_000; i++) {
      const place = i % 4 === 0 ? into(`t${i}`) : i % 2 === 0 ? into('t') : TEXT
      if (restore(tokens, `"${many[i % many.length]!}"`, place).includes('@')) restored++
    }
    assert.equal(restored, 75_000)
    const hostile = '⟦EMAIL_'.repeat(30_000) + '⟦'.repeat(30_000) + '⟦E\u200bM'.repeat(30_000)
    assert.equal(restore(tokens, hostile), hostile)
    assert.equal(restore(tokens, `"${hostile}`, into('t')), `"${hostile}`)
    assert.deepEqual(namesIn(hostile, 1000), [])
  }).timeout(120_000)

  it('a value that expires while its answer is under way still comes back there, and nowhere later', async () => {
    const first = open()
    const placeholder = first.issue(VALUE, found('a.email'), [call({ duration: 1000 })])
    await first.keep()
    const restorer = first.open(TEXT)!
    const begun = restorer.push(placeholder.slice(0, 4))
    clock.advance(5000)
    assert.equal(begun + restorer.push(placeholder.slice(4)) + restorer.end(), VALUE)
    assert.equal(restore(first, placeholder), VALUE)
    const later = open()
    await later.recall([placeholder])
    assert.equal(restore(later, placeholder), placeholder)
  })

  it('a flood of forged placeholders is looked up once and within bounds', async () => {
    let asked = 0
    const getMany = vault.getMany.bind(vault)
    vault.getMany = (scope, names) => {
      asked += names.length
      return getMany(scope, names)
    }
    const tokens = open()
    const forged = Array.from({ length: 5000 }, (_, i) => `⟦EMAIL_${i.toString(36).toUpperCase().padStart(8, 'A')}⟧`).join(' ')
    await tokens.recall([forged, forged, forged])
    assert.equal(asked, 1000)
    assert.equal(tokens.isActive, false)
    assert.equal(restore(tokens, forged), forged)
  })

  it('a placeholder within a value is text of the value, and comes back as such', () => {
    const tokens = open()
    const inner = tokens.issue(VALUE, found('a.email'), [call()])
    const outer = tokens.issue(`pass ${inner} word`, found('a.password'), [call()])
    assert.equal(restore(tokens, outer), `pass ${inner} word`)
  })

  it('values come back whole into JSON within JSON, whatever is in them', () => {
    const tokens = open()
    for (const value of ['a"b\\c\n', '\u2028"}', '\ud800', '"},"tool":"other', '$&$1', '⟦', '\\u0022']) {
      const placeholder = tokens.issue(value, found('a.odd'), [call({ name: ['t'] })])
      const source = JSON.stringify({ a: placeholder, b: JSON.stringify({ c: placeholder }) })
      const said = JSON.parse(restore(tokens, source, into('t'))) as { a: string; b: string }
      assert.deepEqual([said.a, JSON.parse(said.b)], [value, { c: value }])
      const escaped = source.replaceAll('⟦', '\\u27e6').replaceAll('⟧', '\\u27E7')
      assert.equal((JSON.parse(restore(tokens, escaped, into('t'))) as { a: string }).a, value)
    }
  })
})
