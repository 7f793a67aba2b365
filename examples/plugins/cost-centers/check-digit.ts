// The check digit of a cost centre: the sum of the digits before it, modulo ten.

/** True for `CC-4711-3`: 4 + 7 + 1 + 1 = 13. */
export function hasCheckDigit(center: string): boolean {
  const digits = [...center.replace(/\D/g, '')].map(Number)
  const last = digits.pop()
  return last !== undefined && digits.reduce((sum, digit) => sum + digit, 0) % 10 === last
}
