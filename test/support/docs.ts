// The fenced blocks of a page of documentation, in their order, so that a test can execute each of them.
import { readFileSync } from 'node:fs'

export interface Block {
  /** First word behind the fence: `policy`, `sh`, `text`, … Empty where there is none. */
  readonly language: string
  /** The words behind it. */
  readonly info: readonly string[]
  /** Without the fences; ends with a line break unless it is empty. */
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** True when nothing but empty lines stands between the block before and this one. */
  readonly follows: boolean
}

/** Throws when a fence is never closed: what stands behind it would count as an example that nobody runs. */
export function blocksOf(path: string): readonly Block[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const blocks: Block[] = []
  let follows = false
  for (let at = 0; at < lines.length; at++) {
    const opening = /^\s*(`{3,}|~{3,})(.*)$/.exec(lines[at]!)
    if (!opening) {
      if (lines[at]!.trim() !== '') follows = false
      continue
    }
    const end = lines.findIndex((line, i) => i > at && line.trim() === opening[1])
    if (end === -1) throw new Error(`${path}:${at + 1}: the block is never closed`)
    const [language = '', ...info] = opening[2]!.trim().split(/\s+/)
    const text = lines.slice(at + 1, end).join('\n')
    blocks.push({ language, info, text: text === '' ? '' : `${text}\n`, line: at + 1, follows })
    follows = true
    at = end
  }
  return blocks
}
