// What the policy commands print with: colour and tables where a person looks on, plain lines in a pipe, JSON for programs.
import { widthOf } from '../policy/toolbox.ts'

export interface FormatOptions {
  readonly json?: boolean
  readonly format?: string
}

export const wantsJson = ({ json, format }: FormatOptions): boolean => json === true || format === 'json'

/** How the place that is printed to looks. */
export interface Screen {
  readonly colour: boolean
  /** Columns of the terminal; null in a pipe. */
  readonly columns: number | null
}

/** Standard output. `NO_COLOR` (no-color.org) takes the colours away and leaves the tables. */
export function screen(): Screen {
  const isTerminal = process.stdout.isTTY === true
  return { colour: isTerminal && !process.env['NO_COLOR'], columns: isTerminal ? process.stdout.columns || 80 : null }
}

const CODES = { red: '31', green: '32', yellow: '33', cyan: '36', dim: '2', bold: '1' } as const

export type Paint = (role: keyof typeof CODES, text: string) => string

export function paintFor({ colour }: Screen): Paint {
  return colour ? (role, text) => `\u001B[${CODES[role]}m${text}\u001B[0m` : (_role, text) => text
}

/** The text in lines of at most so many columns, broken at spaces but never within backticks; what is longer stands alone. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const [word] of text.matchAll(/(?:`[^`]*`|[^\s`])+/g)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer) > columns) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** Filled with spaces to so many columns of a terminal. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}
