import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pii } from '../../../plugins/pii/index.ts'
import type { EffectCall, Finding } from '../../../core/plugin/index.ts'

const { verbs = [], checks = [] } = pii.vocabulary!({})

const verb = (name: string) => {
  const found = verbs.find(({ phrase }) => phrase.startsWith(`${name} `))
  assert(found?.acts === 'spans')
  return found
}
const finding = (text: string): Finding => ({
  detector: 'standard.detectors.payment_card',
  start: 0,
  end: text.length,
  score: 1,
  checks: [],
})
const rewrite = (name: string, text: string, operands: EffectCall['operands'] = {}): string =>
  verb(name).rewrite(text, finding(text), { verb: name, phrase: '', policy: 'p', severity: 'high', operands })

describe('the verbs of pii', () => {
  it('redact puts the name of the detector in the place of a finding', () =>
    assert.equal(rewrite('redact', '4111 1111 1111 1111'), '[PAYMENT_CARD]'))
  it('redact takes the text of the policy instead', () => assert.equal(rewrite('redact', '4111', { text: '[removed]' }), '[removed]'))
  it('redact takes an empty text as it is', () => assert.equal(rewrite('redact', '4111', { text: '' }), ''))
  it('mask covers letters and digits and keeps the form', () => assert.equal(rewrite('mask', '4111 1111-1111'), '**** ****-****'))
  it('mask leaves the last few', () =>
    assert.equal(rewrite('mask', '4111 1111 1111 1234', { side: 'last', shown: 4 }), '**** **** **** 1234'))
  it('mask leaves the first few', () => assert.equal(rewrite('mask', 'jo@example.com', { side: 'first', shown: 2 }), 'jo@*******.***'))
  it('mask never leaves more than half', () => assert.equal(rewrite('mask', '123456', { side: 'last', shown: 100 }), '***456'))
  it('mask covers marks with their letters, and counts both as one', () => {
    assert.equal(rewrite('mask', 'Zoe\u0308', { side: 'last', shown: 4 }), '**e\u0308')
    assert.equal(rewrite('mask', 'e\u0301\u0323x'), '**')
    assert.equal(rewrite('mask', 'आधार'), '***')
  })
  it('mask covers signs where there is nothing else', () => assert.equal(rewrite('mask', '!@# $%😀'), '*** ***'))
  it('mask covers characters beyond the basic plane as one', () => assert.equal(rewrite('mask', '𝟒𝟏'), '**'))
  it('mask leaves only what all calls leave', () => {
    const call = (operands: EffectCall['operands']): EffectCall => ({ verb: 'mask', phrase: '', policy: 'p', severity: 'high', operands })
    const calls = [call({ side: 'last', shown: 4 }), call({ side: 'last', shown: 2 })]
    assert.equal(verb('mask').rewrite('12345678', finding(''), calls[0]!, calls), '******78')
    const ends = [call({ side: 'last', shown: 4 }), call({ side: 'first', shown: 4 })]
    assert.equal(verb('mask').rewrite('12345678', finding(''), ends[0]!, ends), '********')
  })
  it('tokenize shows its form in tests: always the same', () => {
    assert.equal(rewrite('tokenize', '4111 1111 1111 1111'), '⟦PAYMENT_CARD_ODULHT2K⟧')
    assert.equal(verb('tokenize').reversible, true)
  })
  it('redact is stronger than tokenize, tokenize than mask; redact and mask act in every phase', () => {
    const [redact, mask] = [verb('redact'), verb('mask')]
    assert(redact.join.strength > verb('tokenize').join.strength)
    assert(verb('tokenize').join.strength > mask.join.strength)
    for (const { phases, protects } of [redact, mask])
      assert.deepEqual([phases, protects], [['request', 'target', 'response', 'stream'], true])
  })
})

const cases: { readonly [check: string]: { readonly yes: readonly string[]; readonly no: readonly string[] } } = {
  luhn: {
    yes: ['4111 1111 1111 1111', '378282246310005', '5500-0000-0000-0004'],
    no: ['4111 1111 1111 1112', '0000000000000000', '79927398713', ''],
  },
  card_brand: {
    yes: [
      '4111111111111111',
      '5555555555554444',
      '2223003122003222',
      '378282246310005',
      '6011111111111117',
      '3530111333300000',
      '30569309025904',
      '6200000000000005',
      '6759649826438453',
    ],
    no: ['1234567890123456', '4222222222222', '55555555555544', '1700000000000', '9999999999999999', '2721999999999999'],
  },
  iban: {
    yes: ['DE89 3704 0044 0532 0130 00', 'GB82WEST12345698765432', 'NO9386011117947', 'MT84MALT011000012345MTLCAST001S'],
    no: [
      'DE89 3704 0044 0532 0130 01',
      'DE89 3704 0044 0532 0130',
      'XX89370400440532013000',
      'DE00000000000000000066',
      'DE99000000000000000030',
      '',
    ],
  },
  us_ssn: {
    yes: ['536-90-4399', '001 01 0001'],
    no: ['000-12-3456', '666-12-3456', '900-12-3456', '123-00-4567', '123-45-0000', '12-345-678'],
  },
  phone: { yes: ['+49 30 1234567', '415-555-2671'], no: ['123456', '1234567890123456', '000-000-0000'] },
  ip: {
    yes: ['192.168.17.5', '8.8.4.40', '2001:db8::1', 'fe80::1ff:fe23:4567:890a'],
    no: ['1.2.3.4', '127.0.0.1', '0.0.0.0', '255.255.255.0', '256.1.1.1', '01.2.3.44', '::1', '1:2:3', ''],
  },
  mixed_alphabet: { yes: ['aB3', 'Zz9-'], no: ['ab3', 'AB3', 'aBc', ''] },
  jwt: {
    yes: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x'],
    no: ['eyJub3QganNvbiBhdCBhbGw.eyJzdWIiOiIxIn0.x', 'bnVsbA.e30.x', 'e30.e30.x', 'no dots'],
  },
}

describe('the checks of pii', () => {
  it('have cases, all of them, here or in the file of their family', () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.startsWith('checks-') || file.startsWith('check-'))
    const families = files.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('')
    assert.deepEqual(
      checks.filter(({ name }) => !Object.hasOwn(cases, name) && !new RegExp(`\\b${name}\\b`).test(families)).map(({ name }) => name),
      [],
    )
  })
  for (const { name, test } of checks) {
    for (const text of cases[name]?.yes ?? []) it(`${name} passes ${text}`, () => assert.equal(test(text), true))
    for (const text of cases[name]?.no ?? []) it(`${name} fails ${JSON.stringify(text)}`, () => assert.equal(test(text), false))
  }
})
