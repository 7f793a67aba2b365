// P220: patterns that run away on an engine that backtracks, with the text that does it and the time V8 took. Slow, so it is asked for by
// `check` alone; a gateway that loads its policies matches in linear time and does not need to know.
import { judgeBacktracking, type Verdict } from '../../regex/backtracking.ts'
import { parse } from '../../syntax/parse.ts'
import type { Diagnostic, SourceFile, Span } from '../../diagnostics/diagnostic.ts'
import type { VerdictCache } from '../../regex/verdict-cache.ts'

interface Pattern {
  readonly detector: string
  readonly source: string
  readonly span: Span
}

/** Errors (warnings, where bounds end it) about the patterns that stand in these files. What the cache knows is not proven again. `measureMs`: longest time a text is tried for. */
export async function findRunawayPatterns(
  files: readonly SourceFile[],
  cache: VerdictCache | null = null,
  measureMs?: number,
): Promise<readonly Diagnostic[]> {
  const patterns = files.flatMap(patternsIn)
  const known = new Map(patterns.flatMap(({ source }) => [[source, cache?.get(source) ?? null] as const]))
  const fresh = await judgeBacktracking(
    [...known].flatMap(([source, verdict]) => (verdict === null ? [source] : [])),
    measureMs,
  )
  cache?.add(fresh)
  return patterns.flatMap((pattern) => {
    const verdict = known.get(pattern.source) ?? fresh.get(pattern.source)
    return verdict === undefined || verdict.kind === 'linear' ? [] : [diagnosticOf(pattern, verdict)]
  })
}

/** Patterns that are none in JavaScript, or leave the dialect, are reported elsewhere. */
function patternsIn(file: SourceFile): readonly Pattern[] {
  return parse(file).file.declarations.flatMap((declaration) =>
    declaration.kind === 'detector'
      ? declaration.clauses.flatMap((clause) =>
          clause.kind === 'pattern' && isValid(clause.pattern.value)
            ? [{ detector: declaration.name.text, source: clause.pattern.value, span: clause.pattern.span }]
            : [],
        )
      : [],
  )
}

function isValid(source: string): boolean {
  try {
    return new RegExp(source).source !== ''
  } catch {
    return false
  }
}

const MEANING = 'The gateway matches in linear time all the same; the pattern is costly, and unsafe in other engines.'

function diagnosticOf({ detector, span }: Pattern, verdict: Exclude<Verdict, { readonly kind: 'linear' }>): Diagnostic {
  const severity = verdict.kind === 'runaway' && verdict.growth === 'bounded' ? 'warning' : 'error'
  const common = { code: 'P220', severity, span } as const
  if (verdict.kind === 'unknown') {
    const message = `it could not be proven that the pattern of \`${detector}\` never runs away (${verdict.reason})`
    return { ...common, message, help: `Make it smaller, or split it into several patterns. ${MEANING}` }
  }
  const { growth, attack, measuredMs, wasEnded, rewrite } = verdict
  const time = `${wasEnded ? 'more than ' : ''}${showTime(measuredMs)}`
  const kind = growth === 'bounded' ? 'backtracking that only its bounds end' : `${growth} backtracking`
  const advice =
    rewrite === null ? 'Let no two neighbouring or nested repeats match the same characters.' : `Bound the repeats: \`/${rewrite}/\`.`
  return {
    ...common,
    message: `the pattern of \`${detector}\` has ${kind}: on \`${shown(attack)}\` V8 takes ${time}`,
    help: `${advice} ${MEANING}`,
  }
}

const showTime = (ms: number): string => (ms < 1000 ? `${Math.ceil(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)

const MAX_SHOWN = 120

function shown(attack: string): string {
  return attack.length <= MAX_SHOWN ? attack : `${attack.slice(0, MAX_SHOWN)}…`
}
