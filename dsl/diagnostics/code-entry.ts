// One entry of the catalogue of diagnostic codes.

export interface CodeEntry {
  /** `P` and three digits: 0xx text and grammar, 1xx meaning, 2xx detectors, 3xx logic, 4xx tests, 5xx operation. */
  readonly code: string
  /** Lower case, a few words: the heading of its section. */
  readonly title: string
  /** One to three sentences: why it is wrong and what to do. */
  readonly explanation: string
}
