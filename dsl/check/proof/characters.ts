// Characters that make a policy read otherwise than it means: controls of the writing direction, characters nobody sees, and letters of
// another script that look like Latin ones. Patterns are left alone: they have to name such characters to find them.
import { lex } from '../../syntax/lex.ts'
import type { Report } from '../report.ts'
import type { SourceFile } from '../../diagnostics/diagnostic.ts'

const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/
/** Soft hyphen, zero-width characters, fillers, and the invisible tags of Unicode. The joiners have a use between letters of some scripts. */
const INVISIBLE =
  /\u034f|[\u00ad\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]|(?<=^|[\0-\u024f])[\u200c\u200d]|[\u200c\u200d](?=$|[\0-\u024f])/u
const HIDDEN = new RegExp(`${DIRECTION.source}|${INVISIBLE.source}`, 'gu')

/** Letters that are taken for Latin ones: of Cyrillic, Greek, Armenian, and the wide forms. */
const LOOKALIKES = 'АВСЕНІЈКМОРЅТХУҮԌԚԜаеорсухіјѕһԁԛԝґΑΒΕΖΗΙΚΜΝΟΡΤΥΧοντυρικՏՍօոսց'
const LOOKALIKE = new RegExp(`[${LOOKALIKES}\\uff21-\\uff3a\\uff41-\\uff5a]`, 'u')
const WORD = /[\p{L}\p{M}\p{N}_]+/gu

const ASCII = /^[\0-\x7f]*$/

export function findOddCharacters(files: readonly SourceFile[], report: Report): void {
  for (const file of files) {
    // One such mark at the very start says in which encoding the file is.
    const text = file.text.startsWith('\ufeff') ? ` ${file.text.slice(1)}` : file.text
    if (ASCII.test(text)) continue
    const tokens = lex({ ...file, text }).tokens
    const patterns = tokens
      .filter(({ tokenType }) => tokenType.name === 'Regex')
      .map(({ startOffset, image }) => [startOffset, startOffset + image.length] as const)
    const isInPattern = (at: number): boolean => patterns.some(([start, end]) => at >= start && at < end)
    reportHidden({ ...file, text }, isInPattern, report)
    for (const { tokenType, image, startOffset } of tokens) {
      if (tokenType.name === 'Text' || tokenType.name === 'LongText') reportLookalikes(file.path, image, startOffset, report)
    }
  }
}

function reportHidden({ path, text }: SourceFile, isInPattern: (at: number) => boolean, report: Report): void {
  for (const { 0: found, index } of text.matchAll(HIDDEN)) {
    if (isInPattern(index)) continue
    const code = found.codePointAt(0)!.toString(16)
    const span = { file: path, start: index, end: index + found.length }
    const name = `U+${code.toUpperCase().padStart(4, '0')}`
    const help = `Remove it. Where a text needs it, write \`\\u{${code}}\`.`
    if (DIRECTION.test(found)) report.warning('P330', span, `the character ${name} changes the direction of what is read here`, help)
    else report.warning('P330', span, `nobody sees the character ${name} that stands here`, help)
  }
}

function reportLookalikes(path: string, image: string, offset: number, report: Report): void {
  if (ASCII.test(image)) return
  for (const { 0: word, index } of image.matchAll(WORD)) {
    const found = LOOKALIKE.exec(word)
    // An escape such as `\n` stands directly before its word.
    if (!found || !/[A-Za-z]/.test(image[index - 1] === '\\' ? word.slice(1) : word)) continue
    const name = `U+${found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    const span = { file: path, start: offset + index, end: offset + index + word.length }
    const message = `\`${word}\` mixes Latin letters with one that only looks like them: \`${found[0]}\` is ${name}`
    report.warning('P331', span, message, 'Type the word anew in one script.')
  }
}
