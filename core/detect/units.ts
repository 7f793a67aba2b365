// The UTF-16 units of a piece of text as numbers: loops over them are twice as fast as over a string, whose shape has to be asked for each unit.
import { endianness } from 'node:os'

/** Longer texts are read in pieces. */
export const PIECE_UNITS = 4096
/** Below, a call into the engine costs more. */
const SHORT_UNITS = 24

const bytes = Buffer.alloc(2 * PIECE_UNITS)
const units = new Uint16Array(bytes.buffer, bytes.byteOffset, PIECE_UNITS)
const isSwapped = endianness() === 'BE'

/** At most PIECE_UNITS; the same array each time, which lasts until the next call. */
export function unitsOf(text: string): Uint16Array {
  if (text.length <= SHORT_UNITS) {
    for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i)
    return units
  }
  bytes.write(text, 'utf16le')
  if (isSwapped) bytes.swap16()
  return units
}
