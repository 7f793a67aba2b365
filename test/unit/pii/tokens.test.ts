import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DEFAULT_LIFE_MS, ExchangeTokens } from '../../../plugins/pii/tokens.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { MemoryVault } from '../../support/memory-vault.ts'
import { deriveKey, seal, unseal } from '../../../plugins/pii/token-vault.ts'
import { pii } from '../../../plugins/pii/index.ts'
import { namesIn } from '../../../plugins/pii/token-name.ts'
import type { EffectCall, ExchangeView, Finding, Host, TokenPlace } from '../../../core/plugin/index.ts'

const SECRET = Buffer.alloc(32, 7)
const TEXT: TokenPlace = { encoding: 'text', tool: null }
const runs = (n: number) => ({ numRuns: process.env['SALLYPORT_TEST_LONG'] ? n : n / 10, seed: 11 })

const finding = (detector = 'standard.detectors.email'): Finding => ({ detector, start: 0, end: 0, score: 1, checks: [] })
const call = (operands: EffectCall['operands'] = {}): EffectCall => ({
  verb: 'tokenize',
  phrase: '',
  policy: 'p',
  severity: 'high',
  operands,
})

interface Who {
  readonly tenant?: string
  readonly user?: string
  readonly key?: string
  readonly session?: string | null
}

describe('the tokens of an exchange', () => {
  let clock: ManualClock
  let vault: MemoryVault

  beforeEach(() => {
    clock = new ManualClock()
    vault = new MemoryVault(clock)
  })

  const open = ({ tenant = 'acme', user, key = 'k1', session = 's1' }: Who = {}): ExchangeTokens => {
    const host = { state: { vault }, clock } as unknown as Host
    const principal = { keyId: key, user: user === undefined ? null : { id: user, roles: [], source: 'jwt' } }
    return new ExchangeTokens(host, SECRET, {
      tenant: { id: tenant },
      principal,
      claims: { session, user: null },
    } as unknown as ExchangeView)
  }
  const issue = (tokens: ExchangeTokens, value: string, ...calls: readonly EffectCall[]): string =>
    tokens.issue(value, finding(), calls.length > 0 ? calls : [call()])
  const restore = (tokens: ExchangeTokens, text: string, place = TEXT, cut = Infinity): string => {
    const restorer = tokens.open(place)
    if (!restorer) return text
    let out = ''
    for (let i = 0; i < text.length; i += cut) out += restorer.push(text.slice(i, i + cut))
    return out + restorer.end()
  }

  it('look like the detector and a keyed hash, without a run of digits that a detector could find', () => {
    const placeholders = Array.from({ length: 2000 }, (_, i) => issue(open(), `jo${i}@example.com`))
    for (const placeholder of placeholders) {
      assert.match(placeholder, /^⟦EMAIL_[A-Z2-7]{8}⟧$/)
      assert.doesNotMatch(placeholder, /\d{4}/)
    }
    assert.equal(new Set(placeholders).size, 2000)
  })

  it('are the same for the same value of the same scope, and others elsewhere', () => {
    const of = (who: Who): string => issue(open(who), 'jo@example.com')
    assert.equal(of({}), of({}))
    assert.equal(of({ user: 'jo', key: 'k1' }), of({ user: 'jo', key: 'k2' }))
    const all = [{}, { session: 's2' }, { tenant: 'other' }, { key: 'k2' }, { user: 'jo' }, { session: null }]
    assert.equal(new Set(all.map(of)).size, all.length)
  })

  it('restore what was tokenized, whatever stands around it and however it is cut', () => {
    const around = fc.stringMatching(/^[ -~⟦⟧〚〛\n\\é😀_*]{0,12}$/u)
    fc.assert(
      fc.property(fc.array(fc.tuple(around, fc.string({ minLength: 1, maxLength: 20 })), { maxLength: 6 }), fc.nat(9), (pieces, cut) => {
        const tokens = open()
        const plain = pieces.map(([before, value]) => before + value).join('')
        const tokenized = pieces.map(([before, value]) => before + issue(tokens, value)).join('')
        assert.equal(restore(tokens, tokenized, TEXT, cut + 1), plain)
      }),
      runs(2000),
    )
  })

  it('leave any other text as it is, in JSON as well', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom<TokenPlace['encoding']>('text', 'json'),
        fc.nat(5),
        (text, encoding, cut) => {
          const tokens = open()
          issue(tokens, 'jo@example.com')
          const written = encoding === 'json' ? JSON.stringify({ [text]: [text, JSON.stringify({ text })] }) : text
          assert.equal(restore(tokens, written, { encoding, tool: null }, cut + 1), written)
        },
      ),
      runs(2000),
    )
  })

  it('hold back no more than a placeholder that is still possible', () => {
    const tokens = open()
    issue(tokens, 'jo@example.com')
    const restorer = tokens.open(TEXT)!
    assert.equal(restorer.push('in ⟦brackets⟧ and ⟦EM'), 'in ⟦brackets⟧ and ')
    assert.equal(restorer.push('PTY⟧'), '⟦EMPTY⟧')
    assert.equal(restorer.push(`⟦E${' '.repeat(17)}`), `⟦E${' '.repeat(17)}`)
    assert.equal(restorer.push('⟦EMA') + restorer.end(), '⟦EMA')
  })

  it('are known in other case, with spaces, invisible characters, markdown and escapes in them', () => {
    const tokens = open()
    const placeholder = issue(tokens, 'jo@example.com')
    const name = placeholder.slice(1, -1)
    for (const written of [
      placeholder.toLowerCase(),
      `⟦ ${name} ⟧`,
      `⟦${name.replace('_', '\\_')}⟧`,
      `⟦\`${name}\`⟧`,
      `⟦**${name}**⟧`,
      `〚${name}〛`,
      `⟦${[...name].join('\u200b')}⟧`.replaceAll('\u200b\u200b', '\u200b'),
    ])
      assert.equal(restore(tokens, `a ${written} b`, TEXT, 1), 'a jo@example.com b', written)
    for (const other of [`⟦${name}X⟧`, `⟦${name.slice(0, -1)}⟧`, name, `⟦${name}`]) assert.equal(restore(tokens, other), other)
  })

  it('are escaped for the place where they land, be it JSON within JSON', () => {
    const value = 'a"b\\c\nd'
    const tokens = open()
    const placeholder = issue(tokens, value, call({ name: ['send'] }))
    const place: TokenPlace = { encoding: 'json', tool: 'send' }
    const inner = { to: `x ${placeholder}`, list: [placeholder] }
    const wanted = { to: `x ${value}`, list: [value] }
    for (const cut of [1, 3, 1000]) {
      assert.deepEqual(JSON.parse(restore(tokens, JSON.stringify(inner), place, cut)), wanted)
      const nested = JSON.parse(restore(tokens, JSON.stringify({ body: JSON.stringify(inner), plain: `[1] ${placeholder}` }), place, cut))
      assert.deepEqual(JSON.parse(nested.body), wanted)
      assert.equal(nested.plain, `[1] ${value}`)
      const ascii = JSON.stringify(inner).replaceAll('⟦', '\\u27e6').replaceAll('⟧', '\\u27E7')
      assert.deepEqual(JSON.parse(restore(tokens, ascii, place, cut)), wanted)
      assert.deepEqual(JSON.parse(restore(tokens, `{"to":${placeholder}}`, place, cut)), { to: value })
    }
    assert.equal(restore(tokens, '{"a":"\\\\u27e6"}', place, 1), '{"a":"\\\\u27e6"}')
  })

  it('go into the arguments of tools that every policy names, and of no others', () => {
    const tokens = open()
    const both = issue(tokens, 'jo@example.com', call({ name: ['a', 'b'] }), call({ name: ['b', 'c'] }))
    issue(tokens, 'al@example.com', call({ name: ['a'] }))
    const into = (tool: string): string => restore(tokens, `{"to":"${both}"}`, { encoding: 'json', tool })
    assert.equal(into('b'), '{"to":"jo@example.com"}')
    for (const tool of ['a', 'c', 'd', '']) assert.equal(into(tool), `{"to":"${both}"}`)
    issue(tokens, 'jo@example.com', call())
    assert.equal(into('b'), `{"to":"${both}"}`)
  })

  it('come back on a later turn of their scope alone', async () => {
    const first = open()
    const placeholder = issue(first, 'jo@example.com', call({ name: ['send'] }))
    await first.keep()
    const recalled = async (who: Who): Promise<string> => {
      const tokens = open(who)
      await tokens.recall([`mail ${placeholder.toLowerCase()}`])
      assert.equal(tokens.open({ encoding: 'json', tool: 'send' }), null)
      return restore(tokens, placeholder)
    }
    assert.equal(await recalled({}), 'jo@example.com')
    for (const who of [{ session: 's2' }, { tenant: 'other' }, { key: 'k2' }, { user: 'jo' }, { session: null }])
      assert.equal(await recalled(who), placeholder, JSON.stringify(who))
  })

  it('are not recalled where only the key is known, behind which many people may stand', async () => {
    const first = open({ session: null })
    const placeholder = issue(first, 'jo@example.com')
    await first.keep()
    const second = open({ session: null })
    assert.equal(issue(second, 'jo@example.com'), placeholder)
    const third = open({ session: null })
    await third.recall([placeholder])
    assert.equal(third.isActive, false)
  })

  it('expire after the shortest time that a policy says, one hour unless told', async () => {
    const lives = async (...calls: readonly EffectCall[]): Promise<number> => {
      const tokens = open()
      const placeholder = issue(tokens, `v${calls.length}${JSON.stringify(calls)}`, ...calls)
      for (const again of calls) issue(tokens, `v${calls.length}${JSON.stringify(calls)}`, again)
      await tokens.keep()
      return vault.lastExpiry(namesIn(placeholder, 1)[0]!) - clock.now()
    }
    assert.equal(await lives(call()), DEFAULT_LIFE_MS)
    assert.equal(await lives(call({ duration: 60_000 })), 60_000)
    assert.equal(await lives(call({ duration: 60_000 }), call({ duration: 5000 }), call()), 5000)

    const tokens = open()
    const placeholder = issue(tokens, 'jo@example.com', call({ duration: 60_000 }))
    await tokens.keep()
    clock.advance(60_000)
    const later = open()
    await later.recall([placeholder])
    assert.equal(restore(later, placeholder), placeholder)
  })

  it('keep their values sealed, and open nothing that was moved or changed', async () => {
    const tokens = open()
    const placeholder = issue(tokens, 'jo@example.com')
    await tokens.keep()
    assert.ok(vault.all().length > 0)
    for (const { sealed } of vault.all()) assert.ok(!Buffer.from(sealed).includes('jo@'))
    const recall = async (who: Who): Promise<string> => {
      const later = open(who)
      await later.recall([placeholder])
      return restore(later, placeholder)
    }
    assert.equal(await recall({}), 'jo@example.com')
    const { scope, name, sealed } = vault.all()[0]!
    const key = deriveKey(SECRET, 'seal')
    assert.equal(unseal(key, scope, name, sealed), 'jo@example.com')
    for (const moved of [
      { ...scope, tenant: 'other' },
      { ...scope, id: 'other' },
    ])
      assert.equal(unseal(key, moved, name, sealed), null)
    assert.equal(unseal(key, scope, 'EMAILOTHER', sealed), null)
    assert.equal(unseal(deriveKey(SECRET, 'name'), scope, name, sealed), null)
    for (const { sealed } of vault.all()) sealed[sealed.length - 1]! ^= 1
    assert.equal(await recall({}), placeholder)
  })

  it('never share a name between two values', async () => {
    const first = open()
    const placeholder = issue(first, 'jo@example.com')
    await first.keep()
    const { scope, name } = vault.all()[0]!
    vault.putMany(scope, [{ name, sealed: seal(deriveKey(SECRET, 'seal'), scope, name, 'al@example.com'), expiresAt: clock.now() + 1000 }])
    const second = open()
    await second.recall([placeholder])
    const other = issue(second, 'jo@example.com')
    assert.notEqual(other, placeholder)
    assert.equal(restore(second, `${placeholder} ${other}`), 'al@example.com jo@example.com')
  })

  it('are not put in the place of each other, nor found by the checks of secrets', async () => {
    const tokens = open()
    const placeholder = issue(tokens, 'jo@example.com')
    assert.equal(issue(tokens, placeholder), placeholder)
    assert.notEqual(issue(tokens, placeholder.slice(1, -1)), placeholder.slice(1, -1))
    const secrets = pii.vocabulary!({}).checks!.filter(({ name }) => ['not_placeholder', 'strong_password', 'random_token'].includes(name))
    assert.deepEqual(
      secrets.map(({ test }) => test(placeholder)),
      [false, false, false],
    )
  })

  it('are bounded', () => {
    const tokens = open()
    for (let i = 0; i < 10_000; i++) issue(tokens, `${i}`)
    assert.throws(() => issue(tokens, 'one more'), { code: 'pii_detected' })
    assert.match(issue(tokens, '1'), /⟦EMAIL_/)
  })
})
