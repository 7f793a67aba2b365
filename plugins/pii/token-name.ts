// How a token is written: `⟦EMAIL_7K2QM3XA⟧`, the name of the detector and eight characters of a keyed hash. Models change case, put spaces and
// escapes into it; `bareName` is what they have in common.
import { createHmac } from 'node:crypto'
import type { Finding } from '../../core/plugin/index.ts'

export const OPENER = '\u27e6'
export const CLOSER = '\u27e7'
/** Brackets that look alike and that models write instead. */
export const OPENERS: ReadonlySet<string> = new Set([OPENER, '\u301a'])
export const CLOSERS: ReadonlySet<string> = new Set([CLOSER, '\u301b'])

/** RFC 4648 base32: no 0, 1, 8 and 9, which people take for letters. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const HASH_CHARS = 8
const MAX_LABEL_CHARS = 40

/** `EMAIL_7K2QM3XA`. `attempt` gives another name for the same value, where two values would share one. */
export function tokenName(key: Buffer, value: string, { detector }: Finding, attempt = 0): string {
  const label = labelOf(detector)
  for (let i = 0; ; i++) {
    const hash = base32(
      createHmac('sha256', key)
        .update(JSON.stringify([label, value, attempt, i]))
        .digest(),
    )
    // A detector of numbers must find nothing in it.
    if (!/\d{4}/.test(hash)) return `${label}_${hash}`
  }
}

export const placeholderOf = (name: string): string => `${OPENER}${name}${CLOSER}`

function labelOf(detector: string): string {
  const word = detector.slice(detector.lastIndexOf('.') + 1).toUpperCase()
  return word.replaceAll(/[^A-Z0-9_]/g, '_').slice(0, MAX_LABEL_CHARS)
}

function base32(digest: Buffer): string {
  let out = ''
  for (let i = 0; i < HASH_CHARS; i++) out += ALPHABET[digest[i]! & 31]
  return out
}

/** Spaces, invisible characters, markdown and the separators within a name. */
const IGNORED = /[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff\\`*_~-]/

export const isIgnored = (character: string): boolean => IGNORED.test(character)

/** What a name is found by. */
export const bareName = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()

const WRITTEN = /[\u27e6\u301a]([^\u27e6\u27e7\u301a\u301b]{3,120})[\u27e7\u301b]/g
const ESCAPED = /\\u(27e[67]|301[ab])/gi

/** The bare names of all placeholders in a text, at most `most`. Escapes of JSON are read too. */
export function namesIn(text: string, most: number): readonly string[] {
  const names = new Set<string>()
  const plain = text.replaceAll(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  for (const [, inner] of plain.matchAll(WRITTEN)) {
    const name = bareName(inner!.normalize('NFKC'))
    if (name.length > HASH_CHARS) names.add(name)
    if (names.size >= most) break
  }
  return [...names]
}
