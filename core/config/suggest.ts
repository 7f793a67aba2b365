// "Did you mean" for the words of a configuration, or what there is.
import { nearest } from '../model/nearest.ts'

/** `; did you mean "x"?`, or what there is when nothing is near. */
export function hint(word: string, known: Iterable<string>): string {
  const words = [...known]
  const near = nearest(word, words)
  if (near !== null) return `; did you mean "${near}"?`
  return words.length === 0 ? '; there are none' : `; there are: ${words.slice(0, 12).join(', ')}${words.length > 12 ? ', …' : ''}`
}
