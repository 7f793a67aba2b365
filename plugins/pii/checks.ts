// The checks that detectors may name. Each sees the matched text as normalised (plain digits, nothing invisible) and tells yes or no.
import { isIPv4, isIPv6 } from 'node:net'
import type { Check } from '../../core/plugin/index.ts'
import { secretChecks } from './checks-secrets.ts'
import { cardBrand, iban, lastByTest, lastCardBrand, lastIban, lastLuhn, luhn } from './check-digits.ts'
import { identityChecks } from './checks-identity.ts'

export const checks: readonly Check[] = [
  {
    name: 'luhn',
    doc: 'The last digit is the check digit of the Luhn formula, and the digits are not all the same.',
    test: Object.assign(luhn, { lastOf: lastLuhn }),
  },
  {
    name: 'card_brand',
    doc: 'An issuer of payment cards uses numbers that begin so, in this length.',
    test: Object.assign(cardBrand, { lastOf: lastCardBrand }),
  },
  {
    name: 'iban',
    doc: 'The country has this length, and the remainder modulo 97 is 1 (ISO 13616).',
    test: Object.assign(iban, { lastOf: lastIban }),
  },
  { name: 'us_ssn', doc: 'Area, group and serial number can have been issued.', test: usSocialSecurityNumber },
  { name: 'phone', doc: 'Seven to fifteen digits (E.164), not all the same, and not nearly all zero.', test: phone },
  {
    name: 'ip',
    doc: 'An IPv4 or IPv6 address of a host, or a network with its prefix; neither a version such as `1.2.3.4`, nor loopback or mask.',
    test: ipAddress,
  },
  {
    name: 'jwt',
    doc: 'The first part is a JSON object that names its algorithm (RFC 7515).',
    test: Object.assign(jwt, { lastOf: lastJwt }),
  },
  {
    name: 'mac_address',
    doc: 'Neither the broadcast address nor one digit repeated; in the groups of Cisco not decimal throughout.',
    test: macAddress,
  },
  { name: 'email_in_words', doc: 'An address of a mailbox of which `@` or a dot is written as a word in brackets.', test: emailInWords },
  ...identityChecks,
  ...secretChecks,
]

/** Numbers that were printed in wallets and leaflets, and withdrawn. */
const WITHDRAWN_SSNS = ['078051120', '219099999']

/** Rules of the US Social Security Administration: no area 000, 666 or 9xx, no group 00, no serial 0000; one digit nine times is a filler. */
function usSocialSecurityNumber(match: string): boolean {
  const digits = match.replace(/\D/g, '')
  const isIssued = digits.length === 9 && !/^(?:000|666|9)/.test(digits) && digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000'
  return isIssued && !WITHDRAWN_SSNS.includes(digits) && !/^(\d)\1*$/.test(digits)
}

function phone(match: string): boolean {
  const digits = match.replace(/\D/g, '')
  // Zeros with one or two digits among them are bytes of a dump, not a number that somebody answers.
  const isDump = digits.replaceAll('0', '').length < 3
  return digits.length >= 7 && digits.length <= 15 && !isDump && !/^(\d)\1*$/.test(digits)
}

function ipAddress(match: string): boolean {
  const [address = '', prefix] = match.replace(/%\w+/, '').split('/')
  if (address.includes(':')) return isIPv6(address) && address !== '::1' && Number(prefix ?? 0) <= 128
  if (!isIPv4(address) || Number(prefix ?? 0) > 32) return false
  // Four single digits are nearly always a version; the few hosts they could name (1.1.1.1, 8.8.8.8) belong to nobody in person.
  const isVersion = /^\d\.\d\.\d\.\d$/.test(match)
  return !isVersion && !/^(?:0|127|255)\./.test(address) && !match.endsWith('.0.0.0')
}

function macAddress(match: string): boolean {
  const digits = match.replace(/[^0-9A-Fa-f]/g, '').toLowerCase()
  // In the groups of Cisco plain digits are more often a number of another kind.
  return !/^(.)\1*$/.test(digits) && !(match.includes('.') && /^\d+$/.test(digits))
}

function emailInWords(match: string): boolean {
  return /[[({]/.test(match)
}

function jwt(match: string): boolean {
  try {
    const head = Buffer.from(match.slice(0, match.indexOf('.')), 'base64url').toString('utf8')
    // What is no object fails here, because an exception costs a hundred times as much.
    if (!head.trimEnd().endsWith('}')) return false
    const header: unknown = JSON.parse(head)
    return typeof header === 'object' && header !== null && 'alg' in header
  } catch {
    return false
  }
}

/** See `CheckTest.lastOf`: all that begin together and reach behind the header share it. */
function lastJwt(text: string, start: number, ends: readonly number[], count: number): number {
  const longest = text.slice(start, ends[count - 1])
  const dot = longest.indexOf('.')
  if (dot < 0 || start + dot >= ends[0]!) return lastByTest(jwt, text, start, ends, count)
  return jwt(longest) ? count - 1 : -1
}
