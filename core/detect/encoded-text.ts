// What encoded runs decode to, and whether bytes may be text at all.
import { ENTITY, characterOfEntity } from './entities.ts'

/** What escapes of all kinds stand for. */
export function unescape(raw: string): string {
  let text = raw
  if (text.includes('%')) text = text.replaceAll('+', ' ').replaceAll(/%u([0-9a-fA-F]{4})/g, characterOfUnit)
  if (text.includes('\\')) text = withoutBackslashes(text)
  if (text.includes('%')) text = text.replaceAll(/(?:%[0-9a-fA-F]{2})+/g, (escapes) => utf8Of(bytesOfPercents(escapes)))
  return text.includes('&') ? withoutEntities(text) : text
}

function withoutBackslashes(raw: string): string {
  return raw
    .replaceAll(/\\{1,4}u([0-9a-fA-F]{4})/g, characterOfUnit)
    .replaceAll(
      /\\{1,4}(?:(?:[ux]\{|N\{U\+)([0-9a-fA-F]{1,6})\}|U([0-9a-fA-F]{8}))/g,
      (_, short: string | undefined, long: string | undefined) => characterOf(Number.parseInt((short ?? long)!, 16)),
    )
    .replaceAll(/(?:\\{1,4}x[0-9a-fA-F]{2})+/g, (escapes) => textOfBytes(escapes.replaceAll(/\\+x/g, '')))
    .replaceAll(/(?:\\{1,4}[0-3][0-7]{2})+/g, (escapes) => textOfBytes(escapes.replaceAll(/\\+([0-7]{3})/g, hexOfOctal)))
}

function withoutEntities(raw: string): string {
  return raw
    .replaceAll(ENTITY, (_, name: string) => characterOfEntity(name))
    .replaceAll(/&#(?:(\d{1,10})|[xX]([0-9a-fA-F]{1,8}));?/g, (_, decimal: string | undefined, hex: string | undefined) =>
      characterOf(decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal)),
    )
}

const characterOfUnit = (_: string, unit: string): string => String.fromCharCode(Number.parseInt(unit, 16))

/** Of quoted-printable, in one line. */
export function unquote(raw: string): string {
  return raw.replaceAll(/(?:=[0-9a-fA-F]{2})+/g, (escapes) => textOfBytes(escapes.replaceAll('=', '')))
}

function bytesOfPercents(escapes: string): Buffer {
  const bytes = Buffer.allocUnsafe(escapes.length / 3)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digitOf(escapes.charCodeAt(3 * i + 1)) << 4) | digitOf(escapes.charCodeAt(3 * i + 2))
  return bytes
}

const digitOf = (unit: number): number => (unit < 58 ? unit - 48 : (unit & 15) + 9)

const hexOfOctal = (_: string, octal: string): string => Number.parseInt(octal, 8).toString(16).padStart(2, '0')

const characterOf = (codePoint: number): string => String.fromCodePoint(codePoint > 0x10ffff ? 0xfffd : codePoint)

/** Escapes of bytes are those of UTF-8, or of Latin-1 where they are not. */
function textOfBytes(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  const text = utf8Of(bytes)
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}

/** Characters that are written with more bytes than they need are read as what they are, as careless decoders do. */
function utf8Of(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!text.includes('\ufffd')) return text
  const shorter = bytes
    .toString('latin1')
    .replaceAll(/[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}/g, (overlong) => {
      let codePoint = overlong.charCodeAt(0) & 0x1f
      for (let i = 1; i < overlong.length; i++) codePoint = ((codePoint & 0xfff) << 6) | (overlong.charCodeAt(i) & 0x3f)
      return codePoint < 0x80 ? String.fromCharCode(codePoint) : overlong
    })
  return Buffer.from(shorter, 'latin1').toString('utf8')
}

/**
 * Whether bytes are mostly printable UTF-8 (or UTF-16 of plain letters), at every place from the start on: what is refused once is
 * refused with anything behind it. Looks at the first `length` of them. A byte order mark says that they are.
 */
export function looksLikeText(bytes: Uint8Array, length = bytes.length): boolean {
  let good = 0
  let bad = 0
  let zero = 0
  let following = 0
  for (let i = length > 1 && hasMark(bytes) ? 2 : 0; i < length; i++) {
    const byte = bytes[i]!
    if (byte === 0) zero++
    else if (following > 0 && byte >= 0x80 && byte < 0xc0) {
      following--
      good++
    } else if (byte >= 0xc2 && byte < 0xf5 && following === 0) following = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    else if ((byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13) {
      // A lead byte without its followers was none.
      if (following > 0) bad++
      following = 0
      good++
    } else bad++
    if (8 * bad > 8 + good || zero > good + 4) return false
  }
  return true
}

/** Whether all bytes are printable ASCII or ends of lines. */
export function isPrintable(bytes: Uint8Array): boolean {
  for (const byte of bytes) if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte > 126) return false
  return true
}

/** The byte order mark of UTF-16, of either order. */
const hasMark = (bytes: Uint8Array): boolean => (bytes[0]! & bytes[1]!) === 0xfe && bytes[0] !== bytes[1]

export function textOf(bytes: Buffer): string {
  return (hasMark(bytes) ? bytes.subarray(2) : bytes).toString('utf8').replaceAll('\0', '')
}
