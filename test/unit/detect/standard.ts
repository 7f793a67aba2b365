// The standard detectors for tests of detection alone: reads the few clauses they use straight from the policy file, so that these tests
// stand without the compiler.
import { readFileSync } from 'node:fs'
import { analysePattern } from '../../../dsl/regex/analyse.ts'
import { pii } from '../../../plugins/pii/index.ts'
import { createDetection, type DetectionOptions } from '../../../core/detect/index.ts'
import type { Detection, DetectorSpec } from '../../../core/detect/port.ts'

export interface Sample {
  readonly name: string
  readonly examples: readonly string[]
  readonly never: readonly string[]
}

const FILE = new URL('../../../policies/standard/detectors.policy', import.meta.url)
const MODULE = 'standard.detectors.'

export const checks = new Map((pii.vocabulary?.({}).checks ?? []).map(({ name, test }) => [name, test]))

const blocks = [...readFileSync(FILE, 'utf8').matchAll(/^detector (\w+) \{\n(.*?)^\}/gms)].map(([, name, body]) => ({
  name: name!,
  lines: body!.trim().split('\n'),
}))
const clause = (lines: readonly string[], word: string): string[] =>
  lines.flatMap((line) => (line.trim().startsWith(`${word} `) ? [line.trim().slice(word.length).trim()] : []))
const texts = (line = ''): string[] => [...line.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([quoted]) => JSON.parse(quoted) as string)

export const specs: readonly DetectorSpec[] = blocks.map(({ name, lines }) => ({
  ...detector(MODULE + name, {}),
  patterns: clause(lines, 'pattern').map((pattern) => patternOf(pattern.slice(1, -1))),
  any: clause(lines, 'any')
    .flatMap((names) => names.split(/,\s*/))
    .map((member) => MODULE + member),
  checks: clause(lines, 'check').flatMap((names) => names.split(/,\s*/)),
  near: clause(lines, 'near').map((line) => {
    const [, withinChars, adds] = /within (\d+) chars adds ([\d.]+)/.exec(line)!
    return { words: texts(line), withinChars: Number(withinChars), adds: Number(adds) }
  }),
  score: Number(clause(lines, 'score')[0] ?? 0),
}))

export const samples: readonly Sample[] = blocks.map(({ name, lines }) => ({
  name: MODULE + name,
  examples: texts(clause(lines, 'examples')[0]),
  never: texts(clause(lines, 'never')[0]),
}))

export const ALL = [`${MODULE}personal`, `${MODULE}secret`]

/** With its lengths, as the compiler measures them. */
function patternOf(source: string): DetectorSpec['patterns'][number] {
  const { problems: _, ...lengths } = analysePattern(source)
  return { source, ...lengths }
}

/** A detector with nothing but what is given. */
export function detector(
  name: string,
  given: Partial<Omit<DetectorSpec, 'patterns'>> & { readonly patterns?: readonly string[] },
): DetectorSpec {
  const { patterns = [], ...rest } = given
  return {
    name,
    terms: [],
    any: [],
    checks: [],
    near: [],
    entropy: null,
    score: 0.5,
    group: 0,
    ...rest,
    patterns: patterns.map(patternOf),
  }
}

export function standardDetection(options: Partial<DetectionOptions> = {}): Detection {
  return createDetection(specs, checks, { workers: 1, ...options })
}
