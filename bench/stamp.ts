// A moment as a word of letters, so that it can travel inside a streamed answer and looks like ordinary text to any guard.
// The monotonic clock is the machine's, so a stamp of one process can be read in another.

const MARK = 'qx'
const DIGITS = 10

/** Now, in microseconds, as `qx` and ten letters a–j. */
export function encodeStamp(): string {
  const digits = String(nowUs() % 10 ** DIGITS).padStart(DIGITS, '0')
  return (
    MARK +
    digits
      .split('')
      .map((digit) => String.fromCharCode(97 + Number(digit)))
      .join('')
  )
}

/** Microseconds since each stamp in `text`. */
export function agesOf(text: string): number[] {
  const now = nowUs() % 10 ** DIGITS
  return [...text.matchAll(/qx([a-j]{10})/g)].map(([, letters]) => {
    const stamp = Number(
      letters!
        .split('')
        .map((letter) => letter.charCodeAt(0) - 97)
        .join(''),
    )
    return (now - stamp + 10 ** DIGITS) % 10 ** DIGITS
  })
}

function nowUs(): number {
  return Math.floor(Number(process.hrtime.bigint() / 1000n))
}
