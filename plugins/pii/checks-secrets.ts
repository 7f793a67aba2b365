// The checks of detectors for secrets: is this a value that somebody drew at random, or a word that stands where a secret would? They see
// the matched text alone, look at each character a bounded number of times, and never decide by a list of known keys.
import { crc32 } from 'node:zlib'
import type { Check } from '../../core/plugin/index.ts'

export const secretChecks: readonly Check[] = [
  {
    name: 'not_placeholder',
    doc: 'No word that stands for a secret (`example`, `changeme`, `xxxx`), no template (`<key>`, `${KEY}`), no run of one character, no series such as `abcdefgh` or `qwertyui`, nothing that only repeats itself.',
    test: isNoPlaceholder,
  },
  {
    name: 'not_filler',
    doc: 'Behind its prefix a key begins like one that was issued: no run of one character, no series, no repetition, no `your-key` (by its first twenty characters), no `EXAMPLE` there.',
    test: Object.assign(isNoFiller, { lastOf: lastUnfilled }),
  },
  {
    name: 'random_token',
    doc: 'Looks drawn at random: no placeholder, letters and digits that do not read as words, a path, an address or a version.',
    test: isRandomToken,
  },
  {
    name: 'strong_password',
    doc: 'Could be a password of somebody: no placeholder, and letters beside digits or signs.',
    test: isPassword,
  },
  { name: 'userinfo', doc: '`user:password` of which one part could be a secret.', test: isUserInfo },
  { name: 'mixed_alphabet', doc: 'Holds small letters, capitals and digits.', test: isMixed },
  {
    name: 'token_checksum',
    doc: 'The last six characters are the CRC-32 of those between the prefix and them, in base 62 (GitHub, npm).',
    test: hasTokenChecksum,
  },
  { name: 'jwt_in_base64', doc: 'Base64 of a JSON Web Token: it decodes to `eyJ`, base64url and a dot.', test: isEncodedJwt },
  { name: 'base64', doc: 'Base64 of at least six bytes: whole groups of four, padding at the end only.', test: isBase64 },
]

/** Words that people write where a secret would stand. Between letters they may be chance (`K7fakeQ`), so short ones need an edge. */
const PLACEHOLDER_WORDS =
  /example|sample|placeholder|(?:change|replace)[_-]?(?:me|it)|(?:^|[^a-z])(?:your|my|some|insert|enter|put|add|use|the)(?:[_-]?[a-z]{0,24}|(?:[_-][a-z]{1,24}){1,4})[_-]?(?:key|token|secret|password|here)|redacted|dummy|(?:^|[^a-z0-9])(?:fake|todo|none|null|undefined|foo|bar|hidden|masked|omitted|secret|password|passwd|token|api_?key)(?:[^a-z0-9]|$)|[*]{3}|[.]{3}|#{4}|_here$|data\+omitted/i
/** In one case: `wXXXx` is chance. */
const FILLER = /xxxx|XXXX/
const TEMPLATES =
  /^(?:<.{0,200}>|\$\{?[\w.:-]{1,200}\}?|\$\(.{0,200}\)|\{\{?.{0,200}\}\}?|%[\w.-]{0,200}%?|\[[\w .-]{1,200}\]|@[\w.-]{1,60}@|⟦[A-Z0-9_]{1,40}_[A-Z2-7]{8}⟧)$/
/** `secret123`, `mypassword`, and what images of databases come with: nobody's secret. */
const WEAK_WORD =
  /^(?:(?:secret|password|passwd|passw|pass|token|key|value|hidden|test|testing|demo|foo|bar|foobar|baz|replaceme)[_-]?\d{0,4}|[a-z]{0,12}(?:passwords?|passwd|secret)|postgres|mysql|mongo|redis|guest|root|admin|string|optional|disabled|required)$/i
/** Where a secret is kept, in the words of those who keep it, and code that asks for it. */
const REFERENCE =
  /^(?:arn:aws[\w-]{0,10}:|@[A-Z][\w.]{2,40}\(|op:\/\/|vault:[\w-]{1,40}\/|[A-Za-z_]\w{0,40}(?:\.\w{1,40}){1,4}[[(]$|(?:[A-Za-z_]\w{0,40}\.){1,4}\w{1,40}[[(]["'][\w.-]{1,60}["'][\])]$)/
const TEMPLATE_PARTS = /\$\{[\w.]{1,80}\}|\{\{[ \w.$-]{1,80}\}\}|%[sdv]\b|%\(\w{1,40}\)/

function isNoPlaceholder(match: string): boolean {
  if (TEMPLATES.test(match) || TEMPLATE_PARTS.test(match) || PLACEHOLDER_WORDS.test(match) || FILLER.test(match)) return false
  if (WEAK_WORD.test(match) || REFERENCE.test(match)) return false
  return !isMonotonous(match) && !isSeries(match) && !isPeriodic(match.replace(PREFIX, '')) && !isPeriodic(match)
}

/** What tells a documented key, as long as each pattern that asks: so all ends of a match are answered alike, and a filler that is cut is one. */
const HEAD = 20
const PREFIX = /^(?:(?:[A-Za-z]{2,6}\d{0,2}[-_.]){1,3}|AIza(?:Sy)?|A[KS]IA)/
const FILLER_WORDS =
  /(?:^|[-_.]|^AIza(?:Sy)?)(?:your|insert|enter|replace|change|sample|placeholder|dummy|redacted|fake|(?:todo|token|secret|api|key)[-_])|example|xxxx/i

function isNoFiller(match: string): boolean {
  const head = match.slice(0, HEAD)
  const body = head.slice(PREFIX.exec(head)?.[0].length ?? 0)
  if (body.length >= 6) {
    // Few characters are drawn in a row more often than many.
    const mostSteps = (body.length - 1) * (body.length < 12 ? 0.8 : 0.66)
    if (stepsIn(body) >= mostSteps || (isRepeated(body) && !isRunOfTests(body))) return false
  }
  return !FILLER_WORDS.test(head)
}

/** One character most of the time, or a block over and over. */
const isRepeated = (body: string): boolean => isPeriodic(body) || isMonotonous(body)

/** People fill a form with `x`, zeros, another digit or stars. A run of any other letter is what tests of scanners look for, and counts. */
const isRunOfTests = (body: string): boolean => isMonotonous(body) && !/([xa\d*.#_-])\1\1/i.test(body)

/** See `CheckTest.lastOf`. */
function lastUnfilled(text: string, start: number, ends: readonly number[], count: number): number {
  let e = count - 1
  while (e >= 0 && !isNoFiller(text.slice(start, Math.min(ends[e]!, start + HEAD)))) {
    // Those that reach as far have the same head.
    const reach = Math.min(ends[e]!, start + HEAD)
    while (e >= 0 && ends[e]! >= reach) e--
  }
  return e
}

/** One character makes up more than half of it. */
function isMonotonous(text: string): boolean {
  // Such a character outlasts all others that are set off against it one by one (Boyer and Moore).
  let [candidate, lead] = [0, 0]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (lead === 0) candidate = code
    lead += code === candidate ? 1 : -1
  }
  let count = 0
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) === candidate) count++
  return count * 2 > text.length
}

const KEYBOARD = new Set(['qwertyuiop', 'qwertzuiop', 'azertyuiop', 'asdfghjkl', 'zxcvbnm', '1234567890'].flatMap(pairsOf))
/** By the codes of two characters of ASCII: 1 where they follow each other in the alphabet or on a keyboard, up or down, in either case. */
const STEPS = Uint8Array.from({ length: 128 * 128 }, (_, pair) => {
  const [left, right] = [String.fromCharCode(pair >> 7).toLowerCase(), String.fromCharCode(pair & 127).toLowerCase()]
  return Math.abs(left.charCodeAt(0) - right.charCodeAt(0)) === 1 || KEYBOARD.has(left + right) ? 1 : 0
})

function pairsOf(row: string): readonly string[] {
  return Array.from(row.slice(1), (key, i) => `${row[i]}${key}`).flatMap((pair) => [pair, `${pair[1]}${pair[0]}`])
}

/**
 * Characters that follow each other in the alphabet or on a keyboard, up or down, make up at least half of it. Of 16 hex digits drawn at
 * random two in ten thousand do; of longer values and larger alphabets next to none.
 */
function isSeries(text: string): boolean {
  return text.length >= 6 && stepsIn(text) * 2 >= text.length
}

function stepsIn(text: string): number {
  let steps = 0
  for (let i = 1; i < text.length; i++) {
    const [left, right] = [text.charCodeAt(i - 1), text.charCodeAt(i)]
    if (left < 128 && right < 128) steps += STEPS[(left << 7) | right]!
  }
  return steps
}

/** A block of up to sixteen characters over and over, twice at least: `deadbeefdeadbeef`. */
function isPeriodic(text: string): boolean {
  if (text.length < 12) return false
  for (let period = 1; period <= 16 && period * 2 <= text.length; period++) {
    let i = period
    while (i < text.length && text[i] === text[i - period]) i++
    if (i === text.length) return true
  }
  return false
}

const CAPITAL = /[A-Z]/
const SMALL = /[a-z]/
const DIGIT = /\d/
const LETTER = /[A-Za-z]/
const SIGN = /[^A-Za-z0-9\s]/
const ADDRESS =
  /^(?:[a-z][a-z+]{1,12}:\/\/|\.{0,2}\/[\w.-]+\/|[\w.+-]{1,64}@[\w-]+\.)|\.(?:com|org|net|io|js|ts|py|json|ya?ml|pem|cer|p12|html?|md|txt|sh|local)$/i
/** `projects/acme/secrets/db-pass`: base64 has capitals, three names in a row do not. */
const PATH = /^[a-z][a-z0-9_-]{0,60}(?:\/[a-z0-9._-]{1,60}){2,12}$/
/** `this.state.clientSecret`: no digit, and a dot between names. */
const PROPERTY = /^[A-Za-z_$]{1,40}(?:\.[A-Za-z_$]{1,40}){1,6}$/
/** `generate-with-openssl-rand-hex-32`: what somebody shall do. Words alone are none: `purple-monkey-dishwasher-42` is a password. */
const INSTRUCTION = /^(?:generate|create|make|set|get|run|see|fill|paste)(?:[-_](?:[a-z]{1,20}|\d{1,4})){3,12}$/
const VERSION = /^[vr]?c?\d+\.\d+\.\d+|SNAPSHOT|-\d+\.\d+\.\d+/
const PARTS = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g
const VOWEL = /[aeiouy]/i
/** Pairs of letters that words of European languages hardly ever have; of two letters drawn at random every fifth pair is one. */
const UNSPEAKABLE =
  /[bcdfghjklmnpqrstvwxz]{4}|[aeiouy]{4}|b[qxz]|c[fgjvwx]|d[qx]|f[hjkpqvxz]|g[jkqvxz]|h[jqvxz]|j[^aeiou]|k[cjqvxz]|l[jqx]|m[ghjkqxz]|p[jqvxz]|q[^u]|s[xz]|t[jqx]|v[bcdfghjklmnpqtwxz]|w[gjquvxz]|x[bdgjknrsvwz]|y[hjkqv]|z[bcdfgjkmnpqrstvwx]/i

/** `MODEL-PROXY-API-KEY`, `process.env.TOKEN`, `currentlyX509`: parts of three letters and more, with a vowel, make up most of it. */
function readsAsWords(text: string): boolean {
  let letters = 0
  let digits = 0
  let inWords = 0
  for (const part of text.slice(0, 256).match(PARTS) ?? []) {
    if (DIGIT.test(part)) digits += part.length
    else letters += part.length
    if (part.length >= 3 && part.length <= 16 && VOWEL.test(part) && !UNSPEAKABLE.test(part)) inWords += part.length
  }
  return digits <= 4 && inWords >= 0.7 * (letters + digits)
}

function isRandomToken(match: string): boolean {
  if (!LETTER.test(match) || !(DIGIT.test(match) || (CAPITAL.test(match) && SMALL.test(match)))) return false
  if (readsAsWords(match) || ADDRESS.test(match) || PATH.test(match) || VERSION.test(match)) return false
  if (PROPERTY.test(match) || INSTRUCTION.test(match)) return false
  return isNoPlaceholder(match)
}

/** `settings.password`, `db-user`: names joined by signs, which is what code has in the place of a password. */
const NAMES = /^[A-Za-z_]{2,40}(?:[-_.:/][A-Za-z]{1,40}\d{0,2})+$/

function isPassword(match: string): boolean {
  if (!LETTER.test(match)) return false
  const hasMore = DIGIT.test(match) || SIGN.test(match)
  return hasMore && !NAMES.test(match) && !INSTRUCTION.test(match) && !ADDRESS.test(match) && !PATH.test(match) && isNoPlaceholder(match)
}

function isUserInfo(match: string): boolean {
  const colon = match.indexOf(':')
  const [user, password] = [match.slice(0, colon), match.slice(colon + 1)]
  if (password === '') return user.length >= 8 && isPassword(user)
  return password.length >= 6 && !/^(?:[$[(]|\/\/)/.test(password) && (isPassword(password) || isRandomToken(password))
}

function isMixed(match: string): boolean {
  return CAPITAL.test(match) && SMALL.test(match) && DIGIT.test(match)
}

const BASE_62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

function hasTokenChecksum(match: string): boolean {
  const body = match.slice(match.indexOf('_') + 1)
  return body.length > 6 && checksumOf(body.slice(0, -6)) === body.slice(-6)
}

/** CRC-32 in base 62, six characters. */
export function checksumOf(text: string): string {
  let rest = crc32(text)
  let digits = ''
  while (digits.length < 6) {
    digits = BASE_62[rest % 62]! + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

function isEncodedJwt(match: string): boolean {
  const head = Buffer.from(match.replace(/[\s\\]/g, '').slice(0, 4000), 'base64').toString('latin1')
  return /^eyJ[A-Za-z0-9_-]{10,}(?:\.|$)/.test(head)
}

function isBase64(match: string): boolean {
  return match.length >= 8 && match.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(match)
}
