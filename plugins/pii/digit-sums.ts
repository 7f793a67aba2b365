// Running sums over the digits of a text, so that checks of all the numbers that begin beside each other look at each digit once.

/** Units of text that are kept at once. */
const WINDOW = 8192

/** Sums over the digits from `from` on; each array by offset from there: over the digits before that place. */
export interface DigitSums {
  readonly from: number
  readonly counts: Int32Array
  /** Sums after Luhn, with the digits of even index doubled, and with those of odd index. */
  readonly evenDoubled: Int32Array
  readonly oddDoubled: Int32Array
  /** Index of the digit where the row of same digits begins that the last one belongs to. */
  readonly sameSince: Int32Array
  /** By index of a digit, not by offset. */
  readonly digits: Uint8Array
}

class Sums implements DigitSums {
  from = 0
  readonly counts = new Int32Array(WINDOW + 1)
  readonly evenDoubled = new Int32Array(WINDOW + 1)
  readonly oddDoubled = new Int32Array(WINDOW + 1)
  readonly sameSince = new Int32Array(WINDOW + 1)
  readonly digits = new Uint8Array(WINDOW)
  #text = ''
  #to = 0

  /** False where the text from `start` to `end` is too long. */
  cover(text: string, start: number, end: number): boolean {
    if (end - start > WINDOW) return false
    if (text !== this.#text || start < this.from || start > this.#to || end > this.from + WINDOW) {
      this.#text = text
      this.from = this.#to = start
    }
    if (end > this.#to) this.#extend(text, end)
    return true
  }

  #extend(text: string, end: number): void {
    const { from, counts, evenDoubled, oddDoubled, sameSince, digits } = this
    const first = this.#to - from
    let [count, even, odd, since] = [counts[first]!, evenDoubled[first]!, oddDoubled[first]!, sameSince[first]!]
    for (let i = this.#to; i < end; i++) {
      const digit = text.charCodeAt(i) - 48
      if (digit >= 0 && digit <= 9) {
        if (count > 0 && digits[count - 1] !== digit) since = count
        const doubled = digit > 4 ? digit * 2 - 9 : digit * 2
        const isEven = count % 2 === 0
        even += isEven ? doubled : digit
        odd += isEven ? digit : doubled
        digits[count++] = digit
      }
      const at = i - from + 1
      counts[at] = count
      evenDoubled[at] = even
      oddDoubled[at] = odd
      sameSince[at] = since
    }
    this.#to = end
  }
}

const sums = new Sums()

/** Over the text from `start` to `end` at least, until the next call; null where that is too long. */
export function digitSums(text: string, start: number, end: number): DigitSums | null {
  return sums.cover(text, start, end) ? sums : null
}
