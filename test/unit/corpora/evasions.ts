// Ways to write a text so that a filter does not read it. What is found plainly should be found in each of these disguises as well.
import { hitsOf, type Accuracy } from './measure.ts'
import type { Line, Class } from './corpora.ts'
import type { Scanner } from './scanner.ts'

/** Letters of other scripts that look like ours. */
const LOOK_ALIKES: { readonly [letter: string]: string } = {
  a: 'а',
  c: 'с',
  e: 'е',
  o: 'о',
  p: 'р',
  x: 'х',
  A: 'А',
  B: 'В',
  E: 'Е',
  K: 'К',
  M: 'М',
  O: 'О',
  T: 'Т',
}
const isSeen = (text: string): boolean => /^[\x21-\x7e]$/.test(text)
const eachSeen = (text: string, change: (character: string) => string): string =>
  Array.from(text, (character) => (isSeen(character) ? change(character) : character)).join('')

export const EVASIONS: { readonly [name: string]: (text: string) => string } = {
  'full-width': (text) => eachSeen(text, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
  'zero-width': (text) => eachSeen(text, (character) => `${character}\u200b`),
  'soft hyphens': (text) => eachSeen(text, (character) => `${character}\u00ad`),
  'direction marks': (text) => `\u202e${text}\u202c`,
  'mathematical digits': (text) => text.replaceAll(/\d/g, (digit) => String.fromCodePoint(0x1d7ce + Number(digit))),
  'look-alikes': (text) => eachSeen(text, (character) => LOOK_ALIKES[character] ?? character),
  base64: (text) => Buffer.from(text).toString('base64'),
  hex: (text) => Buffer.from(text).toString('hex'),
  'URL-encoding': (text) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
}

export interface Evaded {
  readonly found: number
  readonly of: number
}

/** By evasion and class: of what is found plainly, how much is found in disguise. */
export async function measureEvasions(
  { scan }: Scanner,
  { labels }: Pick<Accuracy, 'labels'>,
  lines: readonly Line[],
): Promise<ReadonlyMap<string, ReadonlyMap<Class, Evaded>>> {
  const found = new Map<string, Map<Class, { found: number; of: number }>>(Object.keys(EVASIONS).map((name) => [name, new Map()]))
  for (const line of lines) {
    const plainly = await scan(line.text)
    const wanted = [...new Set(line.trials.filter((trial) => trial.expect && hitsOf(trial, labels[trial.label]!, plainly).length > 0))]
    if (wanted.length === 0) continue
    for (const [name, disguise] of Object.entries(EVASIONS)) {
      const findings = await scan(disguise(line.text))
      for (const trial of wanted) {
        const counts = found.get(name)!
        const tally = counts.get(labels[trial.label]!.class) ?? { found: 0, of: 0 }
        counts.set(labels[trial.label]!.class, tally)
        tally.of++
        if (hitsOf({ ...trial, span: null }, labels[trial.label]!, findings).length > 0) tally.found++
      }
    }
  }
  return found
}
