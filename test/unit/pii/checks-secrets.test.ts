// The checks for secrets: what they take for drawn at random, and what for words that stand where a secret would.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checksumOf, secretChecks } from '../../../plugins/pii/checks-secrets.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500

function judge(name: string, match: string): boolean {
  const check = secretChecks.find((one) => one.name === name)
  assert.ok(check, name)
  return check.test(match)
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** The same in every run: a Lehmer generator, which is random enough here. */
function drawnFrom(alphabet: string, length: number, count: number): readonly string[] {
  let seed = 20_261_121
  const draw = (): string => {
    seed = (seed * 48_271) % 2_147_483_647
    return alphabet[seed % alphabet.length]!
  }
  return Array.from({ length: count }, () => Array.from({ length }, draw).join(''))
}

const judgeAll = (name: string, matches: readonly string[]): readonly boolean[] => matches.map((match) => judge(name, match))

describe('the checks for secrets', () => {
  it('takes words, templates, runs and series for placeholders', () => {
    const placeholders = [
      'your_api_key',
      'AKIAIOSFODNN7EXAMPLE',
      'changemechangeme',
      '<token>',
      '${TOKEN}',
      'a${b}c9',
      '{{ token }}',
      '%s',
      'xxxxxxxxxxxx9',
      '****************',
      'aaaaaaaab1',
      'abcdefgh12345678',
      'Qwertyuiop1234567890',
      'asdfghjklzxcvbnm',
      'deadbeefdeadbeef',
      'Ab3dAb3dAb3dAb3d',
      '[REDACTED]',
    ]
    assert.deepEqual(
      placeholders.filter((one) => judge('not_placeholder', one)),
      [],
    )
  })

  it('takes words that stand for any secret, names of places that keep one, and code that asks for it for placeholders', () => {
    const placeholders = [
      'secret123',
      'Password1',
      'my-secret-token',
      'REPLACE_ME',
      'sk-your-openai-api-key-goes-here',
      'ghp_abc123abc123abc123abc123abc123abc123',
      'os.environ["API_KEY"]',
      'os.getenv(',
      'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db',
      '@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/s)',
    ]
    const kept = ['h4rdly-kn0wn', 'tr4vel(light)', 'wint3rSun!', 'sp1cy-secrets!9', 'os.Vq7xR2mK9w']
    assert.deepEqual(
      [...placeholders, ...kept].filter((one) => judge('not_placeholder', one)),
      kept,
    )
  })

  it('takes names of properties and phrases for no token', () => {
    const code = ['this.client.SecretValue', 'n.jsxTagStart', 'JSXTextToken', 'generate-with-openssl-rand-hex-32']
    assert.deepEqual(
      code.filter((one) => judge('random_token', one)),
      [],
    )
  })

  it('takes an instruction for no password, and words with a number for one', () => {
    const passwords = ['purple-monkey-dishwasher-42', 'correct_horse_battery_staple_7']
    assert.deepEqual(
      ['generate-with-openssl-rand-hex-32', ...passwords].filter((one) => judge('strong_password', one)),
      passwords,
    )
  })

  it('tells a key that documentation shows from one that was issued, by how it begins behind its prefix', () => {
    const documented = [
      'AKIAIOSFODNN7EXAMPLE',
      'AKIA1234567890ABCDEF',
      'AKIAXXXXXXXXXXXXXXXX',
      'sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxx',
      'sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWx',
      'sk-proj-your-openai-api-key-goes-here',
      'sk-1234567890abcdef1234567890abcdef',
      'ghp_000000000000000000000000000000000000',
      'ghp_yourPersonalAccessTokenGoesHere123456',
      'glpat-ABC123def456GHI789jk',
      'xoxb-your-slack-bot-token',
      'xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx',
      'AIzaSyA1234567890abcdefghijklmnopqrstuv',
      'gsk_deadbeefdeadbeefdeadbeefdeadbeefdeadbeef',
    ]
    const issued = [
      'AKIAQ3EGRIF7XN2TZ5KM',
      'ghp_cLfR6HQCjPhpgAYn2aZ1i3ykXqmd9EoeGUFO',
      'sk-ant-api03-Vd0tq8mYkX2rPzB6uJ4n',
      'AKIAZZZZZZZZZZZZZZZZ',
    ]
    assert.deepEqual(
      [...documented, ...issued].filter((one) => judge('not_filler', one)),
      issued,
    )
  })

  it('refuses next to no key that was drawn at random for how it begins', () => {
    const url = `${LETTERS}${LETTERS.toUpperCase()}0123456789-_`
    const alphabets = { 'sk-ant-api03-': url, 'sk-proj-': url, ghp_: url.slice(0, 62), AKIA: `${LETTERS.toUpperCase()}234567` }
    for (const [prefix, alphabet] of Object.entries(alphabets)) {
      const drawn = drawnFrom(alphabet, 16, 10_000).map((body) => prefix + body)
      const refused = judgeAll('not_filler', drawn).filter((isTaken) => !isTaken).length
      assert.ok(refused <= 10, `${refused} of ${drawn.length} behind ${prefix}`)
    }
  })

  it('takes values drawn at random for none', () => {
    const random = ['Vd0tq8mYkX2rPzB6uJ4n', 'yirXbeVlR0FqED36WaHQ5pSL', '7b1f0c52-9d3e-4a86-b2c4-e05d81f6a739', 'h4rdly-kn0wn']
    assert.deepEqual(judgeAll('not_placeholder', random), [true, true, true, true])
    assert.deepEqual(judgeAll('random_token', random.slice(0, 3)), [true, true, true])
  })

  /** Shares that the checks may refuse of values which were drawn at random. Words are not told from few letters. */
  const alphabets: readonly (readonly [of: string, alphabet: string, length: number, placeholder: number, word: number])[] = [
    ['hex digits', '0123456789abcdef', 32, 0.0002, 0.0005],
    ['base64url, as keys of Google have it', `${LETTERS}${LETTERS.toUpperCase()}0123456789-_`, 35, 0.0003, 0.001],
    ['letters and digits', `${LETTERS}${LETTERS.toUpperCase()}0123456789`, 20, 0.0003, 0.005],
    ['small letters and digits', `${LETTERS}0123456789`, 20, 0.0003, 0.015],
    ['base32', `${LETTERS.toUpperCase()}234567`, 32, 0.0003, 0.005],
  ]
  for (const [of, alphabet, length, placeholder, word] of alphabets) {
    it(`refuses next to none of ${length} ${of} drawn at random`, () => {
      const drawn = drawnFrom(alphabet, length, process.env['SALLYPORT_TEST_LONG'] ? 100_000 : 10_000)
      const refused = (name: string): number => judgeAll(name, drawn).filter((isTaken) => !isTaken).length / drawn.length
      assert.ok(refused('not_placeholder') <= placeholder, `${refused('not_placeholder')} taken for placeholders`)
      assert.ok(refused('random_token') <= word, `${refused('random_token')} taken for words`)
    })
  }

  it('does not take names, paths, addresses and versions of code for random', () => {
    const code = [
      'process.env.API_KEY2',
      'this._client.webhookSecret',
      'MODEL-PROXY-API-KEY',
      './keys/token1.pem',
      'https://x.example/1a',
      'v1.22.333',
    ]
    assert.deepEqual(
      code.filter((one) => judge('random_token', one)),
      [],
    )
  })

  it('takes nearly all base 62 of 24 characters for random', () => {
    const drawn = fc.sample(
      fc.string({
        unit: fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
        minLength: 24,
        maxLength: 24,
      }),
      { numRuns: RUNS, seed: 4 },
    )
    const taken = drawn.filter((one) => judge('random_token', one))
    assert.ok(taken.length >= 0.97 * drawn.length, `${taken.length} of ${drawn.length}`)
  })

  it('takes letters beside digits or signs for a password, words and names for none', () => {
    assert.deepEqual(judgeAll('strong_password', ['h4rdly-kn0wn', 'wint3rSun!', 'secret', 'settings.password', '12345678', 'password']), [
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })

  it('looks at both sides of user:password', () => {
    assert.deepEqual(
      judgeAll('userinfo', ['deploy:Vq7xR2mK9w', 'd7LkV2xLx9t!:', 'user:password', 'x:yyy', '$USER:$PASS', '<user>:<password>']),
      [true, true, false, false, false, false],
    )
  })

  it('holds the last six characters of a token against the others', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abcXYZ019'), minLength: 30, maxLength: 30 }), fc.nat(29), (body, at) => {
        const token = `ghp_${body}${checksumOf(body)}`
        assert.equal(judge('token_checksum', token), true)
        const changed = `ghp_${body.slice(0, at)}${body[at] === 'q' ? 'r' : 'q'}${body.slice(at + 1)}${checksumOf(body)}`
        assert.equal(judge('token_checksum', changed), false)
      }),
      { numRuns: RUNS / 5, seed: 5 },
    )
  })

  it('knows a token in base64 and base64 of whole groups', () => {
    const inner = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc'
    assert.equal(judge('jwt_in_base64', Buffer.from(inner).toString('base64')), true)
    assert.equal(judge('jwt_in_base64', Buffer.from('eyJ is how it begins').toString('base64')), false)
    assert.deepEqual(judgeAll('base64', ['bjdLcDJ4UXZMOG1S', 'bjdLcDJ4UXZMOG0=', 'bjdLcDJ4UXZMOG1', 'YWJj', 'a=b=c=d=']), [
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('comes to an answer for a megabyte, where anything quadratic would not', () => {
    for (const text of ['a', 'aA1_', '${', 'x.'].map((piece) => piece.repeat(2 ** 20 / piece.length)))
      for (const { name, test } of secretChecks) assert.equal(typeof test(text), 'boolean', name)
  })
})
