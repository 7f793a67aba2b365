// Texts for the benchmark of detection: ordinary ones from this repository, and hostile ones from the patterns' own alphabets.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePattern, type PatternNode } from '../core/detect/pattern.ts'
import { randomOf } from '../test/unit/detect/prose.ts'
import type { DetectorSpec } from '../core/detect/port.ts'

const ROOT = join(import.meta.dirname, '..')

/** Documents and code of this repository, in turns, about `chars` long. */
export function ordinaryText(chars: number): string {
  const files = ['docs', 'core/pipeline', 'core/detect', 'core/recorder', 'dsl/check'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      // Lists of examples of what is to be found are not ordinary.
      .filter((name) => /\.(?:md|ts)$/.test(name) && name !== 'detectors.md')
      .map((name) => readFileSync(join(ROOT, folder, name), 'utf8')),
  )
  const text = files.join('\n')
  return text.repeat(Math.ceil(chars / text.length)).slice(0, chars)
}

/** Beginnings of matches, one behind the other: each pattern is led on for a while and let down. */
export function hostileText(specs: readonly DetectorSpec[], seed: number, chars: number): string {
  const random = randomOf(seed)
  const patterns = specs.flatMap(({ patterns }) => patterns.map(({ source }) => parsePattern(source)))
  const pieces: string[] = []
  for (let length = 0; length < chars;) {
    const match = sample(patterns[Math.floor(random() * patterns.length)]!, random)
    const piece = match.slice(0, Math.ceil(match.length * random()))
    pieces.push(piece, random() < 0.5 ? ' ' : '')
    length += piece.length + 1
  }
  return pieces.join('').slice(0, chars)
}

function sample(node: PatternNode, random: () => number): string {
  switch (node.kind) {
    case 'units': {
      const [from, to] = node.units[Math.floor(random() * node.units.length)] ?? [32, 32]
      // Classes that exclude something reach far; what is hostile is near.
      return String.fromCharCode(from + Math.floor(random() * (Math.min(to, from + 25) - from + 1)))
    }
    case 'sequence':
      return node.items.map((item) => sample(item, random)).join('')
    case 'either':
      return sample(node.options[Math.floor(random() * node.options.length)]!, random)
    case 'assert':
      return ''
    case 'repeat': {
      const times = node.least + Math.floor(random() * (Math.min(node.most ?? 20, node.least + 20) - node.least + 1))
      return Array.from({ length: times }, () => sample(node.item, random)).join('')
    }
  }
}

/** Texts that were written against one pattern each. */
export const HOSTILE: readonly (readonly [name: string, piece: string])[] = [
  ['one letter', 'a'],
  ['one digit', '7'],
  ['digits with spaces', '4 '],
  ['a@a.a.', 'a@a.a.'],
  ['heads of private keys', '-----BEGIN PRIVATE KEY-----AAAA'],
  ['heads of JWTs', 'eyJ-'],
  ['base64 of text', 'Zm9vIGJhciBiYXog'],
  ['escapes of URLs', '%41'],
]
