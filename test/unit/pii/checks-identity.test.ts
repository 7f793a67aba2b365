// Checks of national numbers: values made up to pass, and what their sums promise: that one wrong digit is always refused.
import assert from 'node:assert/strict'
import { checks } from '../../../plugins/pii/checks.ts'
import { identityChecks } from '../../../plugins/pii/checks-identity.ts'
import { base58Check, bech32, ethereumAddress } from '../../../plugins/pii/check-digits-crypto.ts'

/** `every`: each change of one digit is refused. Where it is false, the sum has collisions by its definition, or is a date alone. */
const CASES: { readonly [check: string]: { readonly valid: readonly string[]; readonly every: boolean } } = {
  uk_nhs: { valid: ['458-328-8212', '4751790528'], every: true },
  uk_nino: { valid: ['AB788299C'], every: false },
  uk_postcode: { valid: ['M5 8AB'], every: false },
  uk_utr: { valid: ['9131499316', '2291580927'], every: false },
  ie_ppsn: { valid: ['2956073E', '1136016RA'], every: true },
  nl_bsn: { valid: ['380024615', '461794275'], every: true },
  se_personnummer: { valid: ['800169-6965', '198001242745', '800175-1547'], every: false },
  se_organisationsnummer: { valid: ['555417-4010'], every: true },
  no_fodselsnummer: { valid: ['01012686389', '41013671018'], every: true },
  no_organisasjonsnummer: { valid: ['997239024'], every: true },
  no_account: { valid: ['2633.97.29734'], every: true },
  dk_cpr: { valid: ['010134-5786'], every: false },
  dk_cvr: { valid: ['19581578'], every: true },
  fi_hetu: { valid: ['010180-420M', '010105A3578'], every: true },
  fi_ytunnus: { valid: ['7753052-8'], every: true },
  de_tax_id: { valid: ['68313296422'], every: true },
  de_vat: { valid: ['DE878458616'], every: true },
  de_document: { valid: ['C51X64T93', 'LG4X34T93'], every: true },
  de_id_card: { valid: ['L11X07T02', 'T75409792'], every: false },
  de_health_insurance: { valid: ['A577769581', 'K408337403'], every: true },
  de_social_security: { valid: ['15010180D173'], every: true },
  de_lanr: { valid: ['491634701'], every: false },
  ch_ahv: { valid: ['756.4914.4127.91'], every: true },
  ch_uid: { valid: ['CHE-146.487.297'], every: true },
  pl_pesel: { valid: ['80010426065', '05250367125'], every: true },
  pl_nip: { valid: ['340-209-60-15'], every: true },
  pl_regon: { valid: ['505684708', '93035430165139'], every: false },
  pl_id_card: { valid: ['AAG445728'], every: true },
  tr_national_id: { valid: ['72828921188'], every: true },
  tr_tax_number: { valid: ['1150298566'], every: true },
  es_nif: { valid: ['79513587B', 'X7590215P', 'Z5189456V'], every: true },
  es_cif: { valid: ['B17001801', 'Q8518963G'], every: true },
  fr_nir: { valid: ['180017500361806', '280122A58707590', '180012B85486122'], every: true },
  fr_tax_number: { valid: ['0361315362037'], every: true },
  fr_siren: { valid: ['932743131', '74030261650376'], every: true },
  fr_vat: { valid: ['FR86738576875'], every: true },
  it_fiscal_code: { valid: ['DOXJHX80A01H501F', 'DOXJHX80A41H50MB'], every: true },
  it_vat: { valid: ['48716012215'], every: true },
  pt_nif: { valid: ['202985660'], every: false },
  pt_citizen_card: { valid: ['125011219ZZ2'], every: true },
  pt_niss: { valid: ['10985337122'], every: false },
  us_aba: { valid: ['029495007'], every: true },
  us_npi: { valid: ['1418190116'], every: true },
  us_dea: { valid: ['BS8950998'], every: false },
  ca_sin: { valid: ['595344102'], every: true },
  br_cpf: { valid: ['601.043.090-91'], every: false },
  br_cnpj: { valid: ['55641017000110', '1L.A60.885/0001-95'], every: true },
  mx_curp: { valid: ['PEXJ800121HDFRRN05'], every: false },
  mx_rfc: { valid: ['PEXJ800124AB6', 'ABC800112AB5'], every: true },
  luhn_eleven: { valid: ['01193941166'], every: true },
  mx_clabe: { valid: ['012180068638932500'], every: true },
  cn_resident_id: { valid: ['110101199003078064'], every: true },
  cn_credit_code: { valid: ['91110000MA964295X8'], every: true },
  in_aadhaar: { valid: ['235695756422'], every: true },
  in_gstin: { valid: ['27AAPFU2392F1ZS'], every: true },
  jp_my_number: { valid: ['393661332168'], every: false },
  jp_corporate: { valid: ['1750293798981'], every: false },
  kr_resident: { valid: ['800115-1804082'], every: false },
  kr_foreigner: { valid: ['050115-7982559'], every: false },
  kr_business: { valid: ['665-16-45391'], every: true },
  sg_nric: { valid: ['S2924479J', 'T1412587B', 'F7428973T', 'G1866396T', 'M2202957U'], every: true },
  sg_uen: { valid: ['76396107L', '201421919M', 'T16RF0134F'], every: true },
  th_national_id: { valid: ['1162606654363'], every: false },
  ph_tin: { valid: ['275-474-513'], every: true },
  au_tfn: { valid: ['841876612'], every: true },
  au_abn: { valid: ['78807776844'], every: true },
  au_acn: { valid: ['025969902'], every: false },
  au_medicare: { valid: ['2395009751'], every: false },
  za_id: { valid: ['8001151165081'], every: true },
  ng_nin: { valid: ['05326206210'], every: true },
}

const CHAINS = ['base58_check', 'bech32', 'ethereum_address']
const test = (name: string): ((match: string) => boolean) => checks.find((one) => one.name === name)!.test

/** Every text that differs from `text` in one digit. */
function digitChanges(text: string): readonly string[] {
  return Array.from(text).flatMap((character, i) =>
    /\d/.test(character)
      ? [...'0123456789'].filter((digit) => digit !== character).map((digit) => text.slice(0, i) + digit + text.slice(i + 1))
      : [],
  )
}

describe('the checks of national numbers', () => {
  it('have cases, all of them', () =>
    assert.deepEqual(identityChecks.map(({ name }) => name).sort(), [...Object.keys(CASES), ...CHAINS].sort()))

  for (const [name, { valid, every }] of Object.entries(CASES)) {
    it(`${name} passes what is valid`, () =>
      assert.deepEqual(
        valid.filter((value) => !test(name)(value)),
        [],
      ))
    it(`${name} fails what is too short, too long, or empty`, () => {
      const [value] = valid
      assert.deepEqual(
        ['', value!.slice(0, -1), `${value}${value}`].filter(test(name)).filter((wrong) => name !== 'uk_postcode' || wrong === ''),
        [],
      )
    })
    if (every) it(`${name} refuses every change of one digit`, () => assert.deepEqual(valid.flatMap(digitChanges).filter(test(name)), []))
  }

  it('refuse dates that the calendar does not have', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['se_personnummer', '800132-1235'],
      ['fi_hetu', '310280-999Y'],
      ['pl_pesel', '80023012345'],
      ['dk_cpr', '310280-1234'],
      ['kr_resident', '800231-1234567'],
      ['za_id', '8002315800085'],
      ['cn_resident_id', '11010119900231001X'],
    ]
    assert.deepEqual(
      wrong.filter(([name, value]) => test(name)(value)),
      [],
    )
  })

  it('take the place of Corsica in a French number for a number of two digits', () => {
    assert.equal(test('fr_nir')('280122A58707590'), true)
    assert.equal(test('fr_nir')('280122B58707590'), false)
  })

  it('those that need no word before them pass at most one run of digits in a hundred', () => {
    const bare: readonly (readonly [string, number])[] = [
      ['no_fodselsnummer', 11],
      ['za_id', 13],
      ['ch_ahv', 13],
      ['fr_nir', 15],
      ['cn_resident_id', 18],
    ]
    let state = 7
    const digit = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * 10)
    }
    for (const [name, length] of bare) {
      const hits = Array.from({ length: 20_000 }, () => Array.from({ length }, digit).join('')).filter(test(name)).length
      assert(hits <= 200, `${name}: ${hits} of 20000`)
    }
  })
})

describe('the checks of block chains', () => {
  it('Base58Check passes addresses of keys and scripts, and refuses every other last character', () => {
    for (const address of ['1BitcoinEaterAddressDontSendf59kuE', '3P14159f73E4gFr7JterCCQh9QjiTjiZrG']) {
      assert.equal(base58Check(address), true)
      const others = [...'123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'].map((last) => address.slice(0, -1) + last)
      assert.deepEqual(others.filter(base58Check), [address])
    }
  })
  it('Base58Check refuses characters outside its alphabet, and other lengths', () =>
    assert.deepEqual(['', '1', '0BitcoinEaterAddressDontSendf59kuE', '1BitcoinEaterAddressDontSendf59kuE1'].filter(base58Check), []))
  it('Bech32 passes the examples of BIP 173 and BIP 350, in either case but not in both', () => {
    const address = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
    assert.equal(bech32(address), true)
    assert.equal(bech32(address.toUpperCase()), true)
    assert.equal(bech32('bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0'), true)
    assert.equal(bech32(`BC${address.slice(2)}`), false)
  })
  it('Bech32 refuses every change of one character', () => {
    const address = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
    for (let i = 3; i < address.length; i++)
      for (const other of 'qpzry9x8gf2tvdw0s3jn54khce6mua7l')
        assert.equal(bech32(address.slice(0, i) + other + address.slice(i + 1)), other === address[i])
  })
  it('Ethereum passes the mixed case of EIP-55 and any single case', () => {
    const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
    assert.deepEqual([address, '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB', address.toLowerCase()].map(ethereumAddress), [
      true,
      true,
      true,
    ])
    assert.deepEqual(['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD', `0x${'0'.repeat(40)}`, address.slice(0, -1)].map(ethereumAddress), [
      false,
      false,
      false,
    ])
  })
})

describe('the checks of addresses of devices and mailboxes', () => {
  it('mac_address passes pairs and groups, and refuses one digit repeated and groups of decimal digits', () => {
    assert.deepEqual(['3c:22:fb:1a:2b:4d', '3C-22-FB-1A-2B-4D', '3c22.fb1a.2b4d'].map(test('mac_address')), [true, true, true])
    assert.deepEqual(['ff:ff:ff:ff:ff:ff', '00-00-00-00-00-00', '1234.5678.9012'].map(test('mac_address')), [false, false, false])
  })
  it('email_in_words wants a word in brackets', () =>
    assert.deepEqual(['jo[at]example[dot]com', 'jo@example(dot)com', 'jo@example.com'].map(test('email_in_words')), [true, true, false]))
})
