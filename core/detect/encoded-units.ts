// Kinds of characters, for those who look for encoded text: what belongs to a word, and what makes one worth a look.
import { foldTable, INVISIBLE } from './fold.ts'

/** Bits of the kind of a unit; 0 ends a word. */
export const WORD = 1
export const ESCAPES = 2
/** Capitals and digits; no short run of base64 or hex is without them. */
export const DENSE = 4
/** Belongs to a word that has an escape: encoders of URLs leave these as they are, and entities end so. */
export const BESIDE_ESCAPES = 8
/** May begin the name of an entity. */
export const NAMES = 16
export const EQUALS = 32
/** Belongs to the word that it stands in, and is overlooked. */
export const UNSEEN = 64
/** Looks like a character of a word, and is another one. */
export const OTHER = 128

/** No escape is without one of these, of any width. */
export const ESCAPE_SIGN = /[%\\&=\uff05\uff3c\uff06\uff1d\ufe6a\ufe68\ufe60\ufe66]/

/** Bits of ASCII characters; 0 ends a word. */
function kindOf(character: string): number {
  if (/[A-Z0-9]/.test(character)) return WORD | DENSE
  if (character === '&') return WORD | NAMES
  if (character === '=') return WORD | EQUALS
  if (/[a-z+/_\-.~@]/.test(character)) return WORD
  if (/[%\\]/.test(character)) return ESCAPES
  return /['()*!#;{}]/.test(character) ? BESIDE_ESCAPES : 0
}

let table: Uint8Array | null = null

/** By UTF-16 unit. Made once, on first use. */
export function kindsOfUnits(): Uint8Array {
  if (table) return table
  const fold = foldTable()
  const ascii = Array.from({ length: 128 }, (_, unit) => kindOf(String.fromCharCode(unit)))
  return (table = Uint8Array.from(fold, (folded, unit) => {
    // First halves of tags, and of letters for mathematics; second halves stand alone in no word.
    if (unit === 0xdb40 || unit === 0xd835 || unit === 0x202e) return WORD | OTHER
    if (folded === INVISIBLE) return UNSEEN
    if (unit < 128) return ascii[unit]!
    const kind = ascii[folded] ?? 0
    return (kind & (WORD | ESCAPES)) === 0 ? 0 : kind | OTHER
  }))
}
